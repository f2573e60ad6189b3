"""Access of assistants: consent, audiences, limits, and the end of access."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.management import call_command
from django.urls import reverse
from django_mcpz.oauth.models import AccessToken, AuthorizationCode, Client, RefreshToken
from knox.models import AuthToken

from ghar import clock
from ghar.accounts import services
from ghar.mcp import oauth
from ghar.mcp.models import Grant
from ghar.mcp.tests.assistant import CALLBACK, HOST, Assistant
from ghar.testing import PASSWORD

pytestmark = pytest.mark.django_db
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.fixture
def assistant_of(db):
    return lambda user, path="/mcp": Assistant(user, path)


@pytest.fixture
def throttled(settings):
    cache.clear()
    settings.THROTTLE = True
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"mcp": "2/min", "mcp_registration": "2/hour"}
    yield
    cache.clear()


def register(client, **metadata):
    metadata = {"client_name": "Test assistant", "redirect_uris": [CALLBACK]} | metadata
    return client.post("/register", json.dumps(metadata), content_type="application/json")


def authorization(client, path="/mcp", **changes):
    made = Client.objects.create(
        client_id="x", kind=Client.Kind.REGISTERED, name="Test <b>assistant</b>", redirect_uris=[CALLBACK]
    )
    asked = {
        "client_id": made.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "resource": HOST + path,
        "state": "s",
    }
    return asked | changes


class TestAdmission:
    def test_without_a_token_the_answer_says_where_to_get_one(self, client):
        answer = client.post("/mcp", json.dumps(LIST), content_type="application/json")
        assert answer.status_code == 401
        url = f"{HOST}/.well-known/oauth-protected-resource/mcp"
        assert answer["WWW-Authenticate"] == f'Bearer resource_metadata="{url}"'
        found = client.get("/.well-known/oauth-protected-resource/mcp-admin").json()
        assert found["resource"] == f"{HOST}/mcp-admin"
        server = client.get("/.well-known/oauth-authorization-server").json()
        assert (server["issuer"], server["registration_endpoint"]) == (HOST, f"{HOST}/register")
        assert server["code_challenge_methods_supported"] == ["S256"]

    def test_a_token_opens_its_own_server_only(self, ops, assistant_of):
        users, agencys = assistant_of(ops), assistant_of(ops, "/mcp-admin")
        assert (users.post(LIST).status_code, agencys.post(LIST).status_code) == (200, 200)
        users.path, agencys.path = agencys.path, users.path
        for assistant in (users, agencys):
            answer = assistant.post(LIST)
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer["WWW-Authenticate"]

    def test_tokens_of_assistants_and_of_rest_are_not_interchangeable(self, client, asha, assistant_of):
        for path in ("/mcp", "/mcp-admin"):
            bearer = {"Authorization": f"Bearer {assistant_of(asha, path).token}"}
            assert client.get("/api/v1/users/me", headers=bearer).status_code == 401
        _, login = AuthToken.objects.create(asha)
        for path in ("/mcp", "/mcp-admin"):
            assert Assistant(asha, path, token=login).post(LIST).status_code == 401

    def test_a_session_opens_no_server(self, client, ops):
        client.force_login(ops)
        answer = client.post("/mcp-admin", json.dumps(LIST), content_type="application/json")
        assert answer.status_code == 401

    def test_a_seeker_is_refused_at_the_agencys_server_in_spite_of_a_token(self, asha, assistant_of):
        answer = assistant_of(asha, "/mcp-admin").post(LIST)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")

    def test_former_staff_are_refused_at_once(self, ops, assistant_of):
        assistant = assistant_of(ops, "/mcp-admin")
        assert assistant.tools()
        ops.is_staff = False
        ops.save()
        assert assistant.post(LIST).status_code == 403

    def test_calls_are_throttled_by_user(self, asha, bala, assistant_of, throttled):
        assistant = assistant_of(asha)
        answers = [assistant.post(LIST) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[2]["Retry-After"]) <= 60
        assert answers[2].json()["code"] == "throttled"
        assert assistant_of(bala).post(LIST).status_code == 200


class TestConsent:
    def test_a_user_who_is_not_logged_in_logs_in_first(self, client, asha):
        asked = authorization(client)
        page = client.get("/authorize", asked)
        assert page.status_code == 302
        login = page["Location"]
        assert login.startswith(reverse("login"))
        following = parse_qs(urlsplit(login).query)["next"][0]
        form = {"username": "asha@example.com", "password": PASSWORD, "next": following}
        assert client.post(login, form | {"password": "wrong"}).status_code == 200
        assert client.post(login, form)["Location"] == following

    def test_the_page_names_the_assistant_the_user_and_the_server(self, client, asha):
        client.force_login(asha)
        page = client.get("/authorize", authorization(client))
        text = page.content.decode()
        assert "Let Test &lt;b&gt;assistant&lt;/b&gt; act as you?" in text
        assert "Asha Rao" in text
        assert "Ghar visits" in text
        assert "<style" not in text
        assert "frame-ancestors 'none'" in page["Content-Security-Policy"]

    def test_a_refused_consent_creates_no_code(self, client, asha):
        client.force_login(asha)
        asked = authorization(client)
        answer = client.post("/authorize", {"decision": "deny"}, query_params=asked)
        assert "error=access_denied" in answer["Location"]
        assert not AuthorizationCode.objects.exists()

    def test_a_seeker_cannot_consent_to_the_agencys_server(self, client, asha, ops):
        asked = authorization(client, "/mcp-admin")
        client.force_login(asha)
        for answer in (
            client.get("/authorize", asked),
            client.post("/authorize", {"decision": "allow"}, query_params=asked),
        ):
            assert answer.status_code == 403
            assert b"This server is for staff and agents." in answer.content
        assert not AuthorizationCode.objects.exists()
        client.force_login(ops)
        assert client.get("/authorize", asked).status_code == 200

    @pytest.mark.parametrize("field", ["client_id", "redirect_uri", "scope", "resource", "state"])
    @pytest.mark.parametrize("odd", ["\x00", "x" * 3000, "http://[", b"\xff"])
    def test_odd_values_are_the_clients_error(self, client, asha, field, odd):
        client.force_login(asha)
        asked = authorization(client) | {field: odd}
        for answer in (
            client.get("/authorize", asked),
            client.post("/authorize", {"decision": "allow"}, query_params=asked),
        ):
            assert answer.status_code in {200, 302, 400}
        for path in ("/token", "/revoke"):
            body = {"client_id": "x", "grant_type": "authorization_code", "token": odd, "code": odd}
            assert client.post(path, body | {field: odd}).status_code < 500


class TestRegistration:
    def test_a_program_on_the_users_computer_can_register(self, client):
        answer = register(client)
        assert answer.status_code == 201
        assert answer.json()["redirect_uris"] == [CALLBACK]

    @pytest.mark.parametrize(
        "metadata",
        [
            {"client_name": "a\x00b"},
            {"client_name": "x" * 9000},
            {"client_name": "\u200b\u3164"},
            {"client_name": "Claude \u202eevil"},
            {"redirect_uris": [f"{CALLBACK}/{n}" for n in range(11)]},
            {"redirect_uris": ["http://evil.example/callback"]},
            {"redirect_uris": ["http://127.0.0.1/\x00"]},
            {"redirect_uris": None},
        ],
    )
    def test_metadata_that_is_malformed_or_too_large_is_refused(self, client, metadata):
        answer = register(client, **metadata)
        assert (answer.status_code, "error" in answer.json()) == (400, True)
        assert not Client.objects.exists()

    @pytest.mark.parametrize(
        "body", [b"", b"\xff", b"[" * 5000, b"[]", b'{"client_name": "\\ud800", "redirect_uris": []}']
    )
    def test_a_malformed_body_is_the_clients_error(self, client, body):
        assert client.post("/register", body, content_type="application/json").status_code == 400

    def test_registration_is_throttled_by_address(self, client, throttled):
        answers = [register(client) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[2]["Retry-After"]) > 0
        assert Client.objects.count() == 2

    def test_clients_that_were_never_used_are_deleted_beyond_a_number(
        self, client, asha, assistant_of, monkeypatch
    ):
        monkeypatch.setattr(oauth, "MAX_UNUSED_CLIENTS", 2)
        assistant_of(asha)
        ids = [register(client).json()["client_id"] for _ in range(4)]
        assert set(Client.objects.values_list("client_id", flat=True)) == {"some-assistant", *ids[2:]}


class TestEndOfAccess:
    @pytest.mark.parametrize(
        "end",
        [
            lambda user, ops: services.deactivate(user=user, by=ops),
            lambda user, ops: services.log_out_everywhere(by=user),
            lambda user, ops: services.set_password(user=user, password="another one 1"),
        ],
        ids=["deactivated", "logged out everywhere", "new password"],
    )
    def test_access_ends_at_once_and_does_not_come_back(self, asha, bala, ops, assistant_of, end):
        assistant, other = assistant_of(asha), assistant_of(bala)
        assert assistant.tools()
        end(asha, ops)
        assert assistant.post(LIST).status_code == 401
        assert not RefreshToken.objects.filter(user=asha, revoked_at=None).exists()
        services.reactivate(user=asha, by=ops)
        assert assistant.post(LIST).status_code == 401
        assert other.tools()

    def test_an_assistant_can_end_its_own_access(self, client, asha, assistant_of):
        assistant = assistant_of(asha)
        client.post("/revoke", {"client_id": "some-assistant", "token": assistant.token})
        assert assistant.post(LIST).status_code == 401


class TestAdmin:
    @pytest.fixture
    def warden(self, ops):
        rights = Permission.objects.filter(content_type__app_label="mcp")
        assert {right.codename for right in rights} == {"view_grant", "change_grant"}
        ops.user_permissions.add(*rights)
        return ops

    def test_staff_see_and_revoke_the_access_of_assistants(self, client, warden, asha, bala, assistant_of):
        ashas, balas = assistant_of(asha), assistant_of(bala, "/mcp")
        client.force_login(warden)
        page = client.get("/admin/mcp/grant/")
        assert page.status_code == 200
        text = page.content.decode()
        assert "Asha Rao" in text
        assert "Some assistant" in text
        assert "/mcp" in text
        grant = Grant.objects.get(user=asha)
        body = {"action": "revoke", "_selected_action": [grant.pk]}
        assert client.post("/admin/mcp/grant/", body).status_code == 302
        assert ashas.post(LIST).status_code == 401
        assert balas.post(LIST).status_code == 200
        assert not AccessToken.objects.filter(user=asha, revoked_at=None).exists()
        assert client.get(f"/admin/mcp/grant/{grant.pk}/change/").status_code == 200
        assert client.get(f"/admin/mcp/grant/{grant.pk}/delete/").status_code == 403
        assert client.get("/admin/mcp/grant/add/").status_code == 403

    def test_staff_without_the_permission_see_and_revoke_nothing(self, client, ops, asha, assistant_of):
        assistant = assistant_of(asha)
        client.force_login(ops)
        assert client.get("/admin/mcp/grant/").status_code == 403
        body = {"action": "revoke", "_selected_action": [Grant.objects.get().pk]}
        assert client.post("/admin/mcp/grant/", body).status_code == 403
        assert assistant.tools()

    def test_the_librarys_own_pages_are_not_registered(self, client, admin_user):
        client.force_login(admin_user)
        assert client.get("/admin/django_mcpz_oauth/accesstoken/").status_code == 404


def test_logging_in_by_the_page_is_throttled_together_with_the_api(client, asha, settings):
    cache.clear()
    settings.THROTTLE = True
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login": "2/min"}
    form = {"username": "asha@example.com", "password": "wrong"}
    body = {"identifier": "asha@example.com", "password": "wrong"}
    assert client.post("/login", form).status_code == 200
    assert client.post("/api/v1/auth/login", body, content_type="application/json").status_code == 401
    answer = client.post("/login", form | {"password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert b"Too many attempts" in answer.content
    cache.clear()


def test_the_daily_job_deletes_what_has_expired(asha, assistant_of, capsys):
    over, good = assistant_of(asha), assistant_of(asha)
    tokens = AccessToken.objects.order_by("pk")
    past = clock.now() - timedelta(days=1)
    for table in (AccessToken, RefreshToken, AuthorizationCode):
        table.objects.filter(pk=table.objects.order_by("pk")[0].pk).update(expires_at=past)
    call_command("mcpz", "oauth", "clear")
    assert capsys.readouterr().out.splitlines()[:3] == [
        "Deleted 1 refresh tokens.",
        "Deleted 1 access tokens.",
        "Deleted 1 codes.",
    ]
    assert tokens.count() == 1
    assert good.tools()
    assert over.post(LIST).status_code == 401
