"""The log has one line per request, with its id and nothing private."""

import io
import json
import logging

import pytest
from django.db import IntegrityError
from django.test import Client
from knox.models import AuthToken

from ghar.accounts.models import User
from ghar.guard import refusal_response
from ghar.logs import JSONFormatter
from ghar.testing import PASSWORD

PHONE = "+919812345678"


@pytest.fixture
def lines():
    """`lines()` is the log since the start of the test, as text and as objects."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    logging.getLogger().addHandler(handler)
    yield lambda: (stream.getvalue(), [json.loads(line) for line in stream.getvalue().splitlines()])
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_a_request_is_one_line(client, asha, lines):
    _, token = AuthToken.objects.create(asha)
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "from-the-client"}
    answer = client.get("/api/v1/visits/17?ticket=SECRET", headers=headers)
    text, (line,) = lines()
    assert answer.status_code == 400
    assert line.pop("at") and line.pop("ms") >= 0
    assert line == {
        "level": "info",
        "logger": "ghar.request",
        "message": "GET /api/v1/visits/{pk} 400",
        "request_id": "from-the-client",
        "method": "GET",
        "route": "/api/v1/visits/{pk}",
        "status": 400,
        "user_id": asha.pk,
    }
    assert token not in text and "SECRET" not in text


@pytest.mark.django_db
def test_the_response_has_the_same_id_as_the_line(client, lines):
    answer = client.get("/healthz")
    assert lines()[1][0]["request_id"] == answer["X-Request-ID"]
    assert client.get("/healthz")["X-Request-ID"] != answer["X-Request-ID"]


@pytest.mark.django_db
def test_no_private_value_is_logged(client, lines):
    body = {"full_name": "Asha Rao", "phone": PHONE, "email": "asha@example.com", "password": PASSWORD}
    signed_up = client.post("/api/v1/auth/signup", body, "application/json").json()
    client.post("/api/v1/auth/signup", body, "application/json")
    client.post("/api/v1/auth/login", {"identifier": PHONE, "password": PASSWORD}, "application/json")
    client.post("/api/v1/auth/login", {"identifier": PHONE, "password": "wrong"}, "application/json")
    client.post("/admin/login/?next=/admin/", {"username": PHONE, "password": PASSWORD})
    text, found = lines()
    assert [line["status"] for line in found] == [201, 400, 200, 401, 200]
    assert found[2]["user_id"] is None
    for private in (signed_up["token"], PASSWORD, "wrong", PHONE, "9812345678", "asha@example.com", "Asha"):
        assert private not in text


@pytest.mark.django_db
def test_an_error_is_logged_without_the_private_values_that_it_quotes(lines, monkeypatch):
    def fail(*args, **kwargs):
        raise IntegrityError(
            f"Key (phone)=({PHONE}) and (email)=(asha@example.com), token=xyz, Bearer xyz.uvw"
        )

    monkeypatch.setattr(User.objects, "get_by_natural_key", fail)
    monkeypatch.setattr("ghar.accounts.services.sign_up", fail)
    body = {"full_name": "Asha Rao", "email": "asha@example.com", "password": PASSWORD}
    answer = Client(raise_request_exception=False).post("/api/v1/auth/signup", body, "application/json")
    text, (error, line) = lines()
    assert answer.status_code == 500
    assert error["message"] == "Internal Server Error: /api/v1/auth/signup"
    assert error["request_id"] == line["request_id"] == answer["X-Request-ID"]
    assert (
        "IntegrityError: Key (phone)=([removed]) and (email)=([removed]), [removed] [removed]"
        in error["error"]
    )
    assert PHONE not in text and "asha@" not in text and "xyz" not in text


def test_a_refusal_of_the_guard_is_logged(lines):
    scope = {"method": "POST", "path": "/api/v1/visits", "headers": [(b"x-request-id", b"mine")]}
    refusal_response(scope, "payload_too_large")
    (line,) = lines()[1]
    assert (line["status"], line["request_id"]) == (413, "mine")
    assert line["message"] == "payload_too_large before Django"
