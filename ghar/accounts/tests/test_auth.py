import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from ghar.accounts import services
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.testing import PASSWORD

pytestmark = pytest.mark.django_db

SIGNUP = {"full_name": "Chitra Sen", "phone": "098123 45678", "password": "a long enough one"}


def bearer(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def log_in(identifier="asha@example.com", password=PASSWORD):
    return APIClient().post("/api/v1/auth/login", {"identifier": identifier, "password": password})


def is_logged_in(token):
    return bearer(token).get("/api/v1/users/me").status_code == 200


def test_a_sign_up_returns_a_token_and_the_user(api):
    response = api().post("/api/v1/auth/signup", SIGNUP)

    user = User.objects.get()
    assert response.status_code == 201
    assert set(response.json()) == {"token", "expiry", "user"}
    assert response.json()["expiry"].endswith("Z")
    assert response.json()["user"] == {
        "id": user.pk,
        "full_name": "Chitra Sen",
        "phone": "+919812345678",
        "email": None,
        "profile_image_url": "",
        "preferred_languages": [],
        "is_staff": False,
        "role": "user",
        "agent_id": None,
        "created_at": user.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert bearer(response.json()["token"]).get("/api/v1/users/me").json() == response.json()["user"]
    assert user.check_password("a long enough one")
    assert (user.is_staff, user.is_superuser) == (False, False)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"full_name": ""}, {"full_name"}),
        ({"full_name": "x" * 121}, {"full_name"}),
        ({"full_name": None}, {"full_name"}),
        ({"phone": ""}, {"phone", "email"}),
        ({"phone": None, "email": None}, {"phone", "email"}),
        ({"phone": "12345"}, {"phone"}),
        ({"phone": "asha@example.com"}, {"phone"}),
        ({"email": "nobody"}, {"email"}),
        ({"email": "a@b@c.in"}, {"email"}),
        ({"email": "x" * 250 + "@example.com"}, {"email"}),
        ({"email": "जय@example.com"}, {"email"}),
        ({"password": "short"}, {"password"}),
        ({"password": "password123"}, {"password"}),
        ({"password": "82736455109"}, {"password"}),
        ({"password": "x" * 129}, {"password"}),
        ({"password": ""}, {"password"}),
        ({"is_staff": True}, {"is_staff"}),
        ({"id": 7, "role": "agent"}, {"id", "role"}),
    ],
)
def test_a_sign_up_names_each_bad_field_and_creates_no_user(api, change, fields):
    response = api().post("/api/v1/auth/signup", {**SIGNUP, **change})

    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"
    assert set(response.json()["errors"]) == fields
    assert not User.objects.exists()


def test_a_password_of_128_characters_is_kept_as_it_is(api):
    password = "  paß " + "x1" * 61
    api().post("/api/v1/auth/signup", {**SIGNUP, "password": password})

    assert len(password) == 128
    assert log_in("+919812345678", password).status_code == 200
    assert log_in("+919812345678", password.strip()).status_code == 401


@pytest.mark.parametrize(
    ("taken", "field"),
    [({"phone": "+91 98123 45678"}, "phone"), ({"email": "CHITRA@Example.com"}, "email")],
)
def test_a_phone_or_email_belongs_to_one_user(api, taken, field):
    UserFactory(phone="+919812345678", email="chitra@example.com")

    response = api().post("/api/v1/auth/signup", {"full_name": "C", "password": "a long enough one", **taken})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", ["phone", "email"])
def test_one_of_several_simultaneous_sign_ups_gets_the_identifier(field):
    body = {"full_name": "C", "password": "a long enough one"}
    body[field] = "+919812345678" if field == "phone" else "chitra@example.com"
    barrier, answers = threading.Barrier(6), []

    def sign_up():
        client = APIClient(raise_request_exception=False)
        barrier.wait()
        answers.append(client.post("/api/v1/auth/signup", body))
        connection.close()

    threads = [threading.Thread(target=sign_up) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert sorted(answer.status_code for answer in answers) == [201, *[400] * 5]
    refusals = [answer.json() for answer in answers if answer.status_code == 400]
    assert all(list(refusal["errors"]) == [field] for refusal in refusals)
    assert User.objects.count() == AuthToken.objects.count() == 1


@pytest.mark.parametrize(
    "identifier", ["asha@example.com", " ASHA@Example.COM ", "+919812345678", "98123 45678", "09812345678"]
)
def test_users_log_in_by_email_or_phone_in_any_spelling(asha, identifier):
    asha.phone = "+919812345678"
    asha.save()

    response = log_in(identifier)

    assert response.status_code == 200
    assert response.json()["user"]["id"] == asha.pk
    assert is_logged_in(response.json()["token"])
    assert User.objects.get().last_login is not None


def test_unknown_wrong_and_inactive_get_the_same_answer(asha, bala):
    bala.is_active = False
    bala.save()

    answers = [
        log_in("nobody@example.com"),
        log_in("+919800000000"),
        log_in("junk"),
        log_in("asha@example.com", "wrong"),
        log_in("bala@example.com"),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json()["code"] == "not_authenticated"
    assert answers[0]["WWW-Authenticate"] == "Bearer"
    assert not AuthToken.objects.exists()


def test_an_expired_token_does_not_prevent_a_log_in(asha):
    client = bearer("no-token-of-ours")

    response = client.post("/api/v1/auth/login", {"identifier": "asha@example.com", "password": PASSWORD})

    assert response.status_code == 200


def test_a_log_in_is_never_refused_for_the_number_of_devices_and_the_newest_20_stay(asha, bala):
    other = log_in("bala@example.com").json()["token"]
    tokens = [log_in().json()["token"] for _ in range(23)]

    assert [is_logged_in(token) for token in tokens] == [False] * 3 + [True] * 20
    assert is_logged_in(other)


@pytest.mark.parametrize("path", ["auth/logout", "auth/logout/"])
def test_a_log_out_revokes_this_token_only(asha, path):
    here, there = log_in().json()["token"], log_in().json()["token"]

    assert bearer(here).post(f"/api/v1/{path}").status_code == 204
    assert (is_logged_in(here), is_logged_in(there)) == (False, True)


def browser_of(user):
    browser = Client()
    browser.force_login(user)
    return browser


def test_a_log_out_everywhere_ends_the_sessions_of_all_browsers(api, asha, bala):
    browsers, other = [browser_of(asha), browser_of(asha)], browser_of(bala)
    assert [each.get("/api/v1/users/me").status_code for each in browsers] == [200, 200]

    _, token = AuthToken.objects.create(asha)
    answer = Client().post("/api/v1/auth/logout-all", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 204
    assert [each.get("/api/v1/users/me").status_code for each in browsers] == [401, 401]
    assert other.get("/api/v1/users/me").status_code == 200
    assert browser_of(User.objects.get(pk=asha.pk)).get("/api/v1/users/me").status_code == 200


def test_a_session_does_not_come_back_with_the_account(asha, ops):
    browser = browser_of(asha)
    services.deactivate(user=asha, by=ops)
    services.reactivate(user=asha, by=ops)
    assert browser.get("/api/v1/users/me").status_code == 401


def test_a_log_out_everywhere_revokes_all_tokens_of_the_user(asha, bala):
    here, there = log_in().json()["token"], log_in().json()["token"]
    other = log_in("bala@example.com").json()["token"]

    assert bearer(here).post("/api/v1/auth/logout-all").status_code == 204
    assert [is_logged_in(token) for token in (here, there, other)] == [False, False, True]


def test_a_session_of_the_admin_can_log_out(asha):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(asha)

    refused = client.post("/api/v1/auth/logout")

    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert client.get("/api/v1/users/me").status_code == 200
    client.get(reverse("admin:login"))
    response = client.post("/api/v1/auth/logout", headers={"X-CSRFToken": client.cookies["csrftoken"].value})
    assert response.status_code == 204
    assert client.get("/api/v1/users/me").status_code == 401


def test_a_new_password_revokes_all_other_tokens(asha):
    here, there = log_in().json()["token"], log_in().json()["token"]

    response = bearer(here).post(
        "/api/v1/auth/password", {"current_password": PASSWORD, "new_password": "quite another one"}
    )

    assert response.status_code == 204
    assert (is_logged_in(here), is_logged_in(there)) == (True, False)
    assert log_in().status_code == 401
    assert log_in(password="quite another one").status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"current_password": "wrong"}, "current_password"),
        ({"new_password": "12345678"}, "new_password"),
        ({"new_password": "asha@example.com"}, "new_password"),
        ({"new_password": "x" * 129}, "new_password"),
        ({"new_password": None}, "new_password"),
        ({"old_password": PASSWORD}, "old_password"),
    ],
)
def test_a_change_of_the_password_names_each_bad_field(asha, change, field):
    here, there = log_in().json()["token"], log_in().json()["token"]
    body = {"current_password": PASSWORD, "new_password": "quite another one", **change}

    response = bearer(here).post("/api/v1/auth/password", body)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert is_logged_in(there)
    assert log_in().status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer x",
        "Bearer a b",
        "Bearer \xff\xfe",
        "Bearer " + "a" * 5_000,
        "Token x",
        "Basic eDp5",
        "",
    ],
)
def test_a_bad_or_missing_token_is_401(asha, header):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)

    response = client.get("/api/v1/users/me")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_authenticated"


def test_a_token_ends_when_it_expires_and_when_its_user_is_deactivated(asha, bala):
    first, second = log_in().json()["token"], log_in("bala@example.com").json()["token"]
    AuthToken.objects.filter(user=asha).update(expiry=timezone.now() - timedelta(seconds=1))
    User.objects.filter(pk=bala.pk).update(is_active=False)

    assert (is_logged_in(first), is_logged_in(second)) == (False, False)
