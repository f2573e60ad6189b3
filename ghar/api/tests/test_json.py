"""The JSON that the API reads and writes."""

import codecs
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.urls import path
from django.utils.functional import lazystr
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from ghar.api.parsers import MAX_DEPTH
from ghar.api.renderers import encode

pytestmark = pytest.mark.urls(__name__)


class Echo(APIView):
    permission_classes = [AllowAny]

    def post(self, request):
        return Response(request.data)


urlpatterns = [path("api/v1/echo", Echo.as_view())]


def post(body, content_type="application/json"):
    return APIClient(raise_request_exception=False).post("/api/v1/echo", body, content_type=content_type)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("25000.00"), "25000"),
        (Decimal("25000.50"), "25000.5"),
        (Decimal("-0.25"), "-0.25"),
        (Decimal("1E+3"), "1000"),
        (datetime(2026, 11, 25, 5, 30, tzinfo=UTC), '"2026-11-25T05:30:00Z"'),
        (datetime(2026, 11, 25, 5, 30, 0, 120000, tzinfo=UTC), '"2026-11-25T05:30:00.120000Z"'),
        (
            datetime(2026, 11, 25, 11, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            '"2026-11-25T05:30:00Z"',
        ),
        (date(2026, 11, 25), '"2026-11-25"'),
        (lazystr("later"), '"later"'),
        ({1: {2}}, '{"1":[2]}'),
        (float("nan"), "null"),
        ("नमस्ते", '"नमस्ते"'),
    ],
)
def test_values_are_written_as_the_contract_says(value, text):
    assert encode(value).decode() == text


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": ["a\ud800b"]}, 2**70, [b"\xff"]])
def test_odd_values_can_be_written(value):
    json.loads(encode({"value": value, "price": Decimal("1.50")}))


def test_a_value_without_a_json_form_raises():
    with pytest.raises(TypeError):
        encode(object())


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_a_body_is_an_object(content_type):
    body = {"text": "नमस्ते", "n": 1.5, "list": [1, {"deep": None}], "backslash": "\\u0000"}

    assert post(json.dumps(body), content_type).json() == body


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t"])
def test_an_empty_body_is_an_empty_object(body):
    assert post(body).json() == {}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[1]", "validation_error"),
        (b"null", "validation_error"),
        (b'"text"', "validation_error"),
        (b"{", "parse_error"),
        (b'{"a": 1,}', "parse_error"),
        (b"{'a': 1}", "parse_error"),
        (b'{"a": NaN}', "parse_error"),
        (b'{"a": -Infinity}', "parse_error"),
        (b'{"a": 1e999}', "parse_error"),
        (b'{"a": "\xff"}', "parse_error"),
        (b'{"a": "\xed\xa0\x80"}', "parse_error"),
        (b'{"a": "\\ud800"}', "parse_error"),
        (b'{"a": "\\u0000"}', "parse_error"),
        (b'{"a\\u0000": 1}', "parse_error"),
        (b'{"a": "\\\\\\u0000"}', "parse_error"),
        (b'{"a": "\x00"}', "parse_error"),
    ],
)
def test_any_other_body_is_refused(body, code):
    response = post(body)

    assert response.status_code == 400
    assert response.json()["code"] == code


@pytest.mark.parametrize(("depth", "status"), [(MAX_DEPTH, 200), (MAX_DEPTH + 1, 400), (5_000, 400)])
def test_the_depth_of_a_body_is_limited(depth, status):
    body = b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)

    assert post(body).status_code == status


def test_many_brackets_at_one_level_are_allowed():
    assert post(json.dumps({"a": [[]] * 1_000, "b": "[" * 1_000})).status_code == 200


def test_a_body_can_have_two_megabytes_and_no_more():
    frame = len('{"a":""}')
    limit = 2 * 1024 * 1024

    assert post('{"a":"%s"}' % ("x" * (limit - frame))).status_code == 200
    response = post('{"a":"%s"}' % ("x" * (limit - frame + 1)))
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("body", ['{"a": "é"}', " {}", ""])
def test_a_byte_order_mark_before_a_body_is_left_out(body):
    marked = post(codecs.BOM_UTF8 + body.encode())

    assert (marked.status_code, marked.json()) == (200, post(body.encode()).json())


def test_a_second_byte_order_mark_is_no_json():
    assert post(codecs.BOM_UTF8 * 2 + b"{}").json()["code"] == "parse_error"
