"""Clients that end the server's address in a slash, name no server, or run in a browser."""

import json
from codecs import BOM_UTF8

import pytest
from django_mcpz.oauth.models import AccessToken, AuthorizationCode, Client

from ghar.mcp.tests.assistant import HOST, Assistant
from ghar.mcp.tests.consent import VERIFIER, allow, question
from properties.tests.factories import PropertyFactory

pytestmark = pytest.mark.django_db
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
SERVERS = ["/mcp", "/mcp-admin"]
PAGE = {"Origin": "https://inspector.example"}


def exchange(client, asked, answer, **changes):
    code = answer["Location"].split("code=")[1].split("&")[0]
    body = {
        "grant_type": "authorization_code",
        "client_id": asked["client_id"],
        "code": code,
        "code_verifier": VERIFIER,
    }
    return client.post("/token", body | changes)


@pytest.mark.parametrize("path", SERVERS)
class TestSlash:
    def test_a_server_answers_with_a_slash_as_without(self, ops, path):
        assistant = Assistant(ops, path)
        plain = assistant.post(LIST)
        assistant.path = f"{path}/"
        slashed = assistant.post(LIST)
        assert (slashed.status_code, slashed.content) == (200, plain.content)

    def test_the_challenge_and_the_metadata_are_those_without(self, client, path):
        url = f"/.well-known/oauth-protected-resource{path}"
        answer = client.post(f"{path}/", json.dumps(LIST), content_type="application/json")
        assert (answer.status_code, answer["WWW-Authenticate"]) == (
            401,
            f'Bearer resource_metadata="{HOST}{url}"',
        )
        found = client.get(f"{url}/")
        assert (found.status_code, found.json()["resource"]) == (200, HOST + path)
        assert found.content == client.get(url).content
        assert client.get(f"{url}//").status_code == 404
        assert client.get("/.well-known/oauth-protected-resource/login/").status_code == 404

    def test_a_token_for_the_one_address_is_one_for_the_other(self, client, ops, path):
        client.force_login(ops)
        asked = question(client, "http://127.0.0.1/cb", resource=f"{HOST}{path}/")
        assert client.get("/authorize", asked).status_code == 200
        tokens = exchange(client, asked, allow(client, asked), resource=f"{HOST}{path}/").json()
        assert AccessToken.objects.get().resource == HOST + path
        for address in (path, f"{path}/"):
            assert Assistant(ops, address, token=tokens["access_token"]).tools()
        renewal = {
            "grant_type": "refresh_token",
            "client_id": asked["client_id"],
            "refresh_token": tokens["refresh_token"],
            "resource": f"{HOST}{path}/",
        }
        assert client.post("/token", renewal).status_code == 200

    def test_a_seeker_is_asked_for_the_same_admission(self, client, asha, path):
        client.force_login(asha)
        asked = question(client, "http://127.0.0.1/cb", resource=f"{HOST}{path}/")
        expected = 200 if path == "/mcp" else 403
        assert client.get("/authorize", asked).status_code == expected
        assert (
            Assistant(asha, f"{path}/", token=Assistant(asha, path).token).post(LIST).status_code == expected
        )


def test_a_cursor_continues_a_list_at_the_other_address(asha):
    assistant = Assistant(asha)
    assistant.path = "/mcp/"
    PropertyFactory.create_batch(2)
    page = assistant.call("properties_search", limit=1)
    assistant.path = "/mcp"
    assert assistant.call("properties_search", limit=1, cursor=page["next_cursor"])["has_more"] is False


class TestNoResource:
    @pytest.mark.parametrize("left_out", [{}, {"resource": ""}, {"resource": " "}])
    def test_who_names_no_server_is_let_into_the_one_for_users(self, client, ops, left_out):
        client.force_login(ops)
        asked = question(client, "http://127.0.0.1/cb")
        del asked["resource"]
        asked |= left_out
        page = client.get("/authorize", asked).content.decode()
        assert f"<code>{HOST}/mcp</code>" in page
        token = exchange(client, asked, allow(client, asked), **left_out).json()["access_token"]
        assert Assistant(ops, token=token).tools()
        assert Assistant(ops, "/mcp-admin", token=token).post(LIST).status_code == 401

    @pytest.mark.parametrize(
        "resource", [f"{HOST}/", f"{HOST}/mcp//", f"{HOST}/mcp/x", "https://other.example/mcp"]
    )
    def test_who_names_another_one_is_let_into_none(self, client, asha, resource):
        client.force_login(asha)
        answer = allow(client, question(client, "http://127.0.0.1/cb", resource=resource))
        assert "error=invalid_target" in answer["Location"]
        assert not AuthorizationCode.objects.exists()

    def test_a_token_is_not_exchanged_for_another_server(self, client, ops):
        client.force_login(ops)
        asked = question(client, "http://127.0.0.1/cb")
        answer = exchange(client, asked, allow(client, asked), resource=f"{HOST}/mcp-admin/")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


OPEN = [
    *SERVERS,
    "/mcp/",
    "/mcp-admin/",
    "/token",
    "/register",
    "/revoke",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource/mcp/",
]


class TestPagesOfOtherOrigins:
    @pytest.mark.parametrize("path", OPEN)
    def test_a_preflight_allows_what_clients_send(self, client, path):
        asked = PAGE | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,mcp-protocol-version,mcp-param-city",
        }
        answer = client.options(path, headers=asked)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer
        assert {"GET", "POST"} <= set(answer["Access-Control-Allow-Methods"].split(", "))
        allowed = set(answer["Access-Control-Allow-Headers"].lower().split(", "))
        assert {"authorization", "content-type", "mcp-protocol-version", "mcp-session-id", "*"} <= allowed

    @pytest.mark.parametrize("path", OPEN)
    def test_every_answer_can_be_read(self, client, path):
        for answer in (client.get(path, headers=PAGE), client.post(path, headers=PAGE)):
            assert answer["Access-Control-Allow-Origin"] == "*"
            exposed = answer["Access-Control-Expose-Headers"].split(", ")
            assert {"WWW-Authenticate", "Mcp-Session-Id", "Retry-After"} <= set(exposed)

    @pytest.mark.parametrize(
        "origin", ["https://inspector.example", "http://localhost:6274", "null", "tauri://localhost"]
    )
    def test_a_page_with_a_token_may_call_the_tools(self, asha, origin):
        answer = Assistant(asha).post(LIST, Origin=origin)
        assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, "*")

    def test_a_page_may_register(self, client):
        body = json.dumps({"redirect_uris": ["https://inspector.example/cb"]})
        answer = client.post("/register", body, content_type="application/json", headers=PAGE)
        assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (201, "*")
        assert Client.objects.count() == 1

    def test_a_session_does_not_count_there(self, client, asha):
        client.force_login(asha)
        answer = client.post("/mcp", json.dumps(LIST), content_type="application/json", headers=PAGE)
        assert answer.status_code == 401

    @pytest.mark.parametrize(
        "path", ["/authorize", "/login", "/", "/mcp-other", "/token/x", "/x/mcp", "/api/v1/visits"]
    )
    def test_other_paths_stay_closed(self, client, asha, path):
        client.force_login(asha)
        for answer in (client.get(path, headers=PAGE), client.options(path, headers=PAGE)):
            assert "Access-Control-Allow-Origin" not in answer

    def test_a_request_under_another_hosts_name_is_refused(self, asha):
        answer = Assistant(asha).post(LIST, Host="rebound.example")
        assert answer.status_code == 400


def test_bodies_may_begin_with_a_byte_order_mark(client, asha):
    answer = Assistant(asha).post(BOM_UTF8 + json.dumps(LIST).encode())
    assert (answer.status_code, "tools" in answer.json()["result"]) == (200, True)
    body = {"client_name": "Zed", "redirect_uris": ["http://127.0.0.1/cb"]}
    registered = client.post(
        "/register", BOM_UTF8 + json.dumps(body).encode(), content_type="application/json"
    )
    assert registered.status_code == 201
