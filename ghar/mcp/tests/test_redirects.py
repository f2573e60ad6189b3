"""The addresses to which assistants may have browsers return, from registration to the token."""

import json
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django_mcpz.oauth import cimd
from django_mcpz.oauth.models import AuthorizationCode, Client

from ghar.mcp.tests.assistant import HOST, Assistant
from ghar.mcp.tests.consent import VERIFIER, allow, question, register

pytestmark = pytest.mark.django_db
ACCEPTED = [
    "vscode://vscode.github-authentication/did-authenticate",
    "com.example.visits:/oauth2redirect",
    "com.example.visits:callback",
    "claude-app+beta.2://oauth?from=mcp",
    "raycast://localhost/oauth",
    "https://assistant.example/callback?tenant=4",
    "http://[::1]:9000/cb",
    "http://localhost/cb",
]
REFUSED = [
    ("JavaScript:alert(1)", "The scheme javascript: leads to no application."),
    ("data:text/html,hello", "The scheme data: leads to no application."),
    ("vbscript:msgbox", "The scheme vbscript: leads to no application."),
    ("FILE:///etc/passwd", "The scheme file: leads to no application."),
    ("blob:https://ghar.example/1", "The scheme blob: leads to no application."),
    ("about:blank", "The scheme about: leads to no application."),
    ("java\nscript:alert(1)", "It contains a blank, a control character or a backslash."),
    (" javascript:alert(1)", "It contains a blank, a control character or a backslash."),
    ("https://good.example\\@evil.example/", "It contains a blank, a control character or a backslash."),
    (
        "http://192.168.1.4:8787/callback",
        "Plain http is only for programs on the user's computer: localhost, 127.0.0.1 or [::1]. Use https.",
    ),
    ("https:///callback", "It has no host."),
    ("/callback", "It has no scheme, such as https: or com.example.app:."),
    ("//assistant.example/cb", "It has no scheme, such as https: or com.example.app:."),
    ("zed://oauth#here", "It has a fragment (#)."),
    ("https://[::1/cb", "It is not a URI."),
    ("zed://" + "x" * 500, "It is longer than 500 characters."),
    (7, "It is not a string."),
]


@pytest.mark.parametrize("uri", ACCEPTED)
def test_a_program_or_app_comes_from_registration_to_a_token_that_works(client, asha, uri):
    client.force_login(asha)
    asked = question(client, uri)
    page = client.get("/authorize", asked)
    assert page.status_code == 200
    assert f"<code>{uri}</code>" in unescape(page.content.decode())
    answer = allow(client, asked)
    assert answer.status_code == 302
    separator = "&" if urlsplit(uri).query else "?"
    assert answer["Location"].startswith(f"{uri}{separator}state=")
    given = parse_qs(urlsplit(answer["Location"]).query)
    assert (given["state"], given["iss"]) == (["s/1"], [HOST])
    exchange = {
        "grant_type": "authorization_code",
        "client_id": asked["client_id"],
        "redirect_uri": uri,
        "code": given["code"][0],
    }
    assert client.post("/token", exchange | {"code_verifier": "v" * 43}).status_code == 400
    token = client.post("/token", exchange | {"code_verifier": VERIFIER}).json()["access_token"]
    assert Assistant(asha, token=token).tools()


@pytest.mark.parametrize(("uri", "reason"), REFUSED)
def test_a_refused_address_is_named_with_the_reason(client, uri, reason):
    answer = register(client, "zed://oauth", uri, "http://127.0.0.1/cb")
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error": "invalid_redirect_uri",
            "error_description": f"redirect_uris[1] {uri!r}: {reason}",
        },
    )
    assert not Client.objects.exists()


def test_each_refused_address_is_named(client):
    answer = register(client, "ftp://host/", "about:x", "https://ok.example/", "data:,")
    assert answer.json()["error_description"].count("redirect_uris[") == 2
    for named in ("redirect_uris[1] 'about:x': ", "redirect_uris[3] 'data:,': "):
        assert named in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("registered", "asked", "status"),
    [
        ("zed://oauth/cb", "zed://oauth/cb/", 400),
        ("zed://oauth/cb", "zed://oauth/CB", 400),
        ("zed://oauth/cb", "zed2://oauth/cb", 400),
        ("zed://localhost/cb", "zed://localhost:8/cb", 400),
        ("com.example.visits:/cb", "com.example.visits:/cb?x=1", 400),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:65000/cb", 200),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb2", 400),
        ("http://localhost:1/cb", "http://127.0.0.1:1/cb", 400),
    ],
)
def test_only_the_port_of_a_program_on_the_users_computer_may_differ(client, asha, registered, asked, status):
    client.force_login(asha)
    changed = question(client, registered) | {"redirect_uri": asked}
    assert client.get("/authorize", changed).status_code == status
    answer = allow(client, changed)
    assert answer.status_code == (302 if status == 200 else 400)
    assert AuthorizationCode.objects.exists() == (status == 200)


@pytest.mark.parametrize(
    "changes",
    [{"code_challenge": ""}, {"code_challenge_method": "plain"}, {"code_challenge": "short"}],
)
def test_an_app_gets_no_code_without_pkce(client, asha, changes):
    client.force_login(asha)
    answer = allow(client, question(client, "zed://oauth/cb", **changes))
    assert answer["Location"].startswith("zed://oauth/cb?state=s%2F1&error=invalid_request")
    assert not AuthorizationCode.objects.exists()


def test_a_user_who_denies_returns_to_the_app_too(client, asha):
    client.force_login(asha)
    answer = client.post("/authorize", {"decision": "deny"}, query_params=question(client, "zed:/cb"))
    assert answer["Location"].startswith("zed:/cb?state=s%2F1&error=access_denied")


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("zed://localhost/cb", "opens an app on this device"),
        ("http://localhost:8/cb", "returns to a program on your own computer"),
        ("https://assistant.example/cb", "returns to <strong>assistant.example</strong>"),
    ],
)
def test_the_page_says_what_the_browser_opens_afterwards(client, asha, uri, sentence):
    client.force_login(asha)
    text = client.get("/authorize", question(client, uri)).content.decode()
    assert sentence in text
    assert f"<code>{uri}</code>" in text


class TestMetadataDocuments:
    URL = "https://zed.example/oauth.json"

    def document(self, *uris):
        return json.dumps({"client_id": self.URL, "client_name": "Zed", "redirect_uris": uris}).encode()

    @pytest.fixture
    def published(self, monkeypatch):
        """`published(*uris)` puts a document of these URIs behind URL, where no test can reach."""
        monkeypatch.setattr(cimd, "resolve_public_address", lambda host, port: "192.0.2.1")
        return lambda *uris: monkeypatch.setattr(cimd, "_fetch", lambda *about: self.document(*uris))

    def test_they_may_name_apps(self, client, asha, published):
        published("https://zed.example/cb", "zed://oauth/cb")
        client.force_login(asha)
        asked = question(client, "zed://oauth/cb") | {"client_id": self.URL}
        assert client.get("/authorize", asked).status_code == 200
        assert allow(client, asked)["Location"].startswith("zed://oauth/cb?state=")

    @pytest.mark.parametrize(
        ("uri", "reason"), [("DATA:,x", "The scheme data:"), ("http://zed.example/", "Plain http")]
    )
    def test_what_they_must_not_name_is_named_to_the_user(self, client, asha, published, uri, reason):
        published("zed://oauth/cb", uri)
        client.force_login(asha)
        page = client.get("/authorize", question(client, "zed://oauth/cb") | {"client_id": self.URL})
        text = unescape(page.content.decode())
        assert page.status_code == 400
        assert f"invalid_client</code>: Client metadata redirect_uris: {uri!r}: {reason}" in text
        assert not Client.objects.filter(client_id=self.URL).exists()
