"""Assistants for tests: one posts JSON-RPC within the process, one is the official client."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
from django.test import Client as Django
from django_mcpz.oauth.models import AccessToken, AuthorizationCode, Client, RefreshToken
from mcp.client import Client as OfficialClient
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata
from mcp.types import ElicitResult

from ghar import clock

HOST = "http://testserver"
CALLBACK = "http://127.0.0.1:33418/callback"
MODERN = "2026-07-28"
META = "io.modelcontextprotocol"


def grant(user, path="/mcp"):
    """Let an assistant act for `user`, and return its access token."""
    client, _ = Client.objects.get_or_create(
        client_id="some-assistant",
        defaults={
            "kind": Client.Kind.REGISTERED,
            "name": "Some assistant",
            "redirect_uris": [CALLBACK],
            "last_used_at": clock.now(),
        },
    )
    now = clock.now()
    code = AuthorizationCode.objects.create(
        digest=f"{user.pk} {path} {AuthorizationCode.objects.count()}",
        client=client,
        user=user,
        redirect_uri=CALLBACK,
        code_challenge="x" * 43,
        resource=HOST + path,
        expires_at=now + timedelta(minutes=5),
        used_at=now,
    )
    about = {"client": client, "user": user, "code": code, "resource": HOST + path}
    access, token = AccessToken.create(lifetime=timedelta(hours=1), **about)
    RefreshToken.create(lifetime=timedelta(days=30), access_token=access, **about)
    return token


class Assistant:
    """Speaks the protocol of 2025-03-26, or with `asks` the newest, and can then ask its user."""

    def __init__(self, user, path="/mcp", *, asks=False, token=None):
        self.path, self.asks = path, asks
        self.token = token or grant(user, path)
        self.django = Django()

    def post(self, body, **headers):
        return self.django.post(
            self.path,
            body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )

    def rpc(self, method, **params):
        headers = {}
        if self.asks:
            headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
            headers |= {"Mcp-Name": params["name"]} if "name" in params else {}
            params["_meta"] = {
                f"{META}/protocolVersion": MODERN,
                f"{META}/clientCapabilities": {"elicitation": {}},
            }
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, **headers)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def tools(self):
        return {tool["name"]: tool for tool in self.rpc("tools/list")["result"]["tools"]}

    def result(self, name, arguments, **more):
        return self.rpc("tools/call", name=name, arguments=arguments, **more)["result"]

    def call(self, name, **arguments):
        """Return the result of a tool."""
        result = self.result(name, arguments)
        assert not result["isError"], result["content"][0]["text"]
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        return result["structuredContent"]

    def refusal(self, name, **arguments):
        """Return the text with which a tool refuses."""
        result = self.result(name, arguments)
        assert result["isError"], result
        return result["content"][0]["text"]


class TokenMemory:
    """Keeps the official client's tokens."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


class Browser:
    """Logs in and consents like a person, and ends up at the assistant's callback."""

    def __init__(self, origin, identifier, password):
        self.form = {"username": identifier, "password": password}
        self.http = httpx.Client(base_url=origin, follow_redirects=False)

    async def open(self, url):
        page = self.follow(self.http.get(url))
        assert "Log in" in page.text
        page = self.follow(self.submit(page, self.form))
        self.page = page
        self.consent = self.submit(page, {"decision": "allow"}) if "Allow" in page.text else page

    def submit(self, page, fields):
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        following = parse_qs(page.url.query.decode()).get("next", [""])[0]
        return self.http.post(page.url, data={**fields, "csrfmiddlewaretoken": token, "next": following})

    def follow(self, response):
        while response.is_redirect:
            response = self.http.get(response.headers["Location"])
        return response

    async def callback(self):
        query = parse_qs(urlsplit(self.consent.headers["Location"]).query)
        assert "code" in query, query
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0], iss=query["iss"][0])


def provider(origin, path, login, password, memory=None):
    browser = Browser(origin, login, password)
    metadata = OAuthClientMetadata(client_name="Test assistant", redirect_uris=[CALLBACK])
    return OAuthClientProvider(
        f"{origin}{path}", metadata, memory or TokenMemory(), browser.open, browser.callback
    ), browser


@asynccontextmanager
async def official_client(origin, path, login, password, *, mode="auto", asked=None, memory=None):
    """Give the official client, authorized. It answers yes to questions, and adds them to `asked`."""

    async def agree(context, params):
        asked.append(params.message)
        return ElicitResult(action="accept", content={"confirm": True})

    auth, _ = provider(origin, path, login, password, memory)
    async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
        transport = streamable_http_client(f"{origin}{path}", http_client=http)
        callback = agree if asked is not None else None
        async with OfficialClient(transport, mode=mode, elicitation_callback=callback) as client:
            yield client
