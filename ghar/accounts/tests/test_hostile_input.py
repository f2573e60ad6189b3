"""Hostile input to the routes of accounts gives problems, never a 5xx, and changes nothing."""

import json

import pytest
from knox.models import AuthToken
from rest_framework.test import APIClient

from ghar.accounts.models import User
from ghar.testing import PASSWORD

pytestmark = [pytest.mark.stress, pytest.mark.django_db]

# Route, method, a body that it would take, and whether it needs a log-in.
ROUTES = {
    "signup": ("post", "auth/signup", {"full_name": "C", "phone": "9812345678", "password": "long enough 1"}),
    "login": ("post", "auth/login", {"identifier": "asha@example.com", "password": PASSWORD}),
    "password": ("post", "auth/password", {"current_password": PASSWORD, "new_password": "long enough 1"}),
    "me": ("patch", "users/me", {"full_name": "C", "profile_image_url": "https://example.com/"}),
}
FIELDS = [(name, field) for name, (_, _, body) in ROUTES.items() for field in body]
VALUES = {
    "null": None,
    "NUL": "a\0b",
    "bare NUL": "\0",
    "a megabyte": "x" * 1_000_000,
    "2**70": 2**70,
    "-2**63-1": -(2**63) - 1,
    "float": 1e308,
    "true": True,
    "array": ["x"],
    "nested array": [[[]]],
    "object": {"a": 1},
    "empty": "",
    "blanks": " \t\n",
    "surrogate escape": "\ud800",
    "many @": "@" * 200,
    "right-to-left": "\u202e\u0000",
}
BODIES = {
    "array": b"[]",
    "array of bodies": b'[{"password": "x"}]',
    "null": b"null",
    "text": b'"text"',
    "number": b"7",
    "broken": b'{"identifier": ',
    "not JSON": b"identifier=asha&password=x",
    "NaN": b'{"identifier": NaN}',
    "infinity": b'{"identifier": 1e999}',
    "not UTF-8": b'{"identifier": "\xff\xfe"}',
    "UTF-16": '{"identifier": "a"}'.encode("utf-16"),
    "raw surrogate": b'{"identifier": "\xed\xa0\x80"}',
    "escaped surrogate": b'{"identifier": "\\ud800"}',
    "NUL": b'{"identifier": "\\u0000"}',
    "NUL in a name": b'{"a\\u0000b": 1}',
    "1,000 deep": b'{"identifier":' + b"[" * 1_000 + b"]" * 1_000 + b"}",
    "100,000 deep": b"[" * 100_000,
    "30 deep": b'{"a":' * 30 + b"1" + b"}" * 30,
    "3 MB": b'{"identifier": "' + b"x" * 3_000_000 + b'"}',
    "unknown names": json.dumps({str(n): n for n in range(1_000)}).encode(),
    "a long name": b'{"' + b"x" * 1_000_000 + b'": 1}',
    "prototype": b'{"__proto__": {"is_staff": true}, "__class__": "x"}',
}


def state():
    return list(User.objects.order_by("pk").values()), list(AuthToken.objects.order_by("pk").values())


def send(name, user, body, content_type="application/json"):
    method, path, _ = ROUTES[name]
    client = APIClient(raise_request_exception=False)
    if name in {"password", "me"}:
        client.force_authenticate(user)
    return getattr(client, method)(f"/api/v1/{path}", body, content_type=content_type)


def assert_problem(response, *statuses):
    assert response.status_code in statuses
    assert response["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert problem["status"] == response.status_code
    assert {"type", "title", "detail", "code"} <= problem.keys()
    assert all(isinstance(text, str) for texts in problem.get("errors", {}).values() for text in texts)


@pytest.mark.parametrize(("name", "field"), FIELDS)
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_odd_values_give_no_server_error(asha, name, field, value):
    if field == "profile_image_url" and isinstance(value, str) and not value.strip():
        pytest.skip("empties the field")
    before = state()

    response = send(name, asha, json.dumps({**ROUTES[name][2], field: value}))

    assert_problem(response, 400, 401)
    assert state() == before


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_odd_bodies_are_refused(asha, name, body):
    before = state()

    response = send(name, asha, body)

    assert_problem(response, 413 if len(body) > 2 * 1024 * 1024 else 400)
    assert state() == before


@pytest.mark.parametrize("name", ["signup", "login", "password"])
@pytest.mark.parametrize("field", [None, 0])
def test_a_missing_field_is_named(asha, name, field):
    body = ROUTES[name][2]
    before = state()

    response = send(name, asha, json.dumps({} if field is None else dict(list(body.items())[1:])))

    assert_problem(response, 400)
    assert response.json()["code"] == "validation_error"
    assert list(body)[0] in response.json()["errors"]
    assert state() == before


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "x",
    ],
)
def test_other_content_types_are_refused(asha, name, content_type):
    before = state()

    response = send(name, asha, json.dumps(ROUTES[name][2]), content_type)

    assert_problem(response, 415)
    assert response.json()["code"] == "unsupported_media_type"
    assert state() == before


@pytest.mark.parametrize(
    "header",
    [{"HTTP_ACCEPT": "text/html"}, {"HTTP_ACCEPT": "x;" * 9_999}, {"HTTP_ACCEPT": "a/b; c*=foo''bar"}],
)
def test_the_answer_is_json_whatever_the_client_accepts(asha, header):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(asha)

    response = client.get("/api/v1/users/me", **header)

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert_problem(client.patch("/api/v1/users/me", {"id": 1}, **header), 400)
