import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from ghar.accounts.models import User
from ghar.testing import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN, SIGNUP, CHANGE, ME = (
    "/api/v1/auth/login",
    "/api/v1/auth/signup",
    "/api/v1/auth/password",
    "/api/v1/users/me",
)


@pytest.fixture(autouse=True)
def _three_a_minute(settings):
    settings.THROTTLE = True
    settings.THROTTLE_RATES = {"login": "3/min", "signup": "3/min", "writes": "3/min"}
    cache.clear()
    yield
    cache.clear()


def log_in(identifier="asha@example.com", password="wrong", **headers):
    return APIClient().post(LOGIN, {"identifier": identifier, "password": password}, **headers)


def assert_throttled(response):
    assert response.status_code == 429
    assert response.json()["code"] == "throttled"
    assert 1 <= int(response["Retry-After"]) <= 60


def test_failed_log_ins_count_per_identifier_in_any_spelling(asha, bala):
    for spelling in ["asha@example.com", "ASHA@example.com", " asha@example.com "]:
        assert log_in(spelling).status_code == 401

    assert_throttled(log_in("Asha@Example.com", PASSWORD))
    assert not asha.auth_token_set.exists()


def test_log_ins_count_per_address(asha, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "writes": "99/min"}
    for _ in range(3):
        log_in()

    assert_throttled(log_in())
    assert_throttled(log_in(HTTP_X_FORWARDED_FOR="10.1.1.1"))
    assert log_in(REMOTE_ADDR="10.1.1.1", password=PASSWORD).status_code == 200
    assert log_in("bala@example.com").status_code == 401


def test_successful_log_ins_do_not_count(asha, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "writes": "99/min"}

    assert {log_in(password=PASSWORD).status_code for _ in range(8)} == {200}


@pytest.mark.parametrize("identifier", [None, 7, [], {"a": 1}, "x" * 5_000, "\ud7ff"])
def test_log_ins_with_junk_as_identifier_count(identifier):
    for _ in range(3):
        assert log_in(identifier).status_code in {400, 401}

    assert_throttled(log_in(identifier))


def test_sign_ups_count_per_address():
    for n in range(3):
        body = {"full_name": "C", "email": f"c{n}@example.com", "password": "a long enough one"}
        assert APIClient().post(SIGNUP, body).status_code == 201

    assert_throttled(APIClient().post(SIGNUP, {**body, "email": "c3@example.com"}))
    assert User.objects.count() == 3


def test_guesses_of_the_password_with_a_token_are_limited(api, asha, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "writes": "99/min"}
    body = {"current_password": "wrong", "new_password": "quite another one"}
    for _ in range(3):
        assert api(asha).post(CHANGE, body).status_code == 400

    assert_throttled(api(asha).post(CHANGE, {**body, "current_password": PASSWORD}))
    asha.refresh_from_db()
    assert asha.check_password(PASSWORD)


def test_writes_count_per_user_and_reads_do_not(api, asha, bala):
    for _ in range(3):
        assert api(asha).patch(ME, {}).status_code == 200

    assert_throttled(api(asha).patch(ME, {"full_name": "X"}))
    assert api(asha).get(ME).json()["full_name"] == "Asha Rao"
    assert api(bala).patch(ME, {}).status_code == 200


def test_a_forwarded_address_does_not_count_as_another_one(asha):
    for n in range(3):
        log_in(HTTP_X_FORWARDED_FOR=f"6.6.6.{n}")

    assert_throttled(log_in(HTTP_X_FORWARDED_FOR="6.6.6.9"))


def test_throttling_can_be_switched_off(asha, settings):
    settings.THROTTLE = False

    assert {log_in().status_code for _ in range(9)} == {401}
