from datetime import UTC, datetime
from decimal import Decimal

import django_filters
import pytest
from rest_framework import serializers

from ghar.accounts.models import User
from ghar.api.fields import (
    FiniteFloatField,
    HttpUrlField,
    IdField,
    InstantField,
    LanguageField,
    NumberField,
    StrictSerializer,
    TextField,
    TimezoneField,
)
from ghar.api.filters import InstantFilter
from ghar.validators import MAX_ID

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Range(django_filters.FilterSet):
    to = InstantFilter(field_name="created_at", lookup_expr="lt")


def validate(field, value):
    """Return the validated value, or "refused"."""
    try:
        return field.run_validation(value)
    except serializers.ValidationError as error:
        assert all(sentence for sentence in error.detail)
        return "refused"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25T12:00:00Z", NOON),
        ("2026-11-25T12:00:00", NOON),
        ("2026-11-25T12:00", NOON),
        ("2026-11-25 12:00:00", NOON),
        ("2026-11-25T17:30:00+05:30", NOON),
        ("2026-11-25T17:30:00+0530", NOON),
        ("2026-11-25T12:00:00.123456Z", NOON.replace(microsecond=123456)),
        ("2026-11-25t12:00:00z", NOON),
        ("2026-11-25t17:45+05:45", NOON),
        ("2026-11-25T17:45+05:45[Asia/Kathmandu]", NOON),
        ("2026-11-25T17:45:00+05:45[!Asia/Katmandu]", NOON),
        ("2026-11-25T12:00:00Z[Etc/UTC]", NOON),
        ("2026-11-25T12:00:00Z[!Asia/Tokyo]", NOON),
        ("2026-11-25T12:00Z[u-ca=japanese]", NOON),
        ("2026-11-25T21:00:00.000000000+09:00[Asia/Tokyo][u-ca=japanese][_note=x]", NOON),
        ("2026-11-25T17:45+05:45[+05:45]", NOON),
        # The offset decides, whatever the zone is said to be.
        ("2026-11-25T17:45+05:45[Asia/Tokyo]", NOON),
        ("2026-11-25T17:45+05:45[Mars/Base]", NOON),
        # Without an offset it is local to the zone.
        ("2026-11-25T21:00[Asia/Tokyo]", NOON),
        ("2026-11-25T21:00[+09:00]", NOON),
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
        ("2999-12-31T23:59:59Z", datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_as_utc(text, moment):
    assert validate(InstantField(), text) == moment


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2026-11-25",
        "12:00",
        "20261125T120000Z",
        "2026-W48-3T12:00",
        "2026-11-31T12:00:00Z",
        "2026-11-25T25:00:00Z",
        "2026-11-25T12:00:00+99:00",
        "1899-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z",
        "2999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "99999-01-01T00:00:00Z",
        "२०२६-११-२५T१२:००:००Z",
        "2026-11-25T12:00:00Z\0",
        "2026-11-25T17:45+05:45[!Asia/Tokyo]",
        "2026-11-25T17:45+05:45[!+09:00]",
        "2026-11-25T17:45+05:45[!Mars/Base]",
        "2026-11-25T12:00Z[!Mars/Base]",
        "2026-11-25T12:00[Mars/Base]",
        "2026-11-25T12:00[+99:00]",
        "2026-11-25T12:00Z[!u-ca=japanese]",
        "2026-11-25T12:00Z[Asia/Tokyo",
        "2026-11-25T12:00Z[../etc/passwd]",
        "2026-11-25T12:00Z[]",
        "2026-11-25T12:00Z[Asia/Tokyo][Asia/Tokyo]",
        "2027-03-14T02:30[America/Denver]",
        "2027-11-07T01:30[America/Denver]",
        "२०२६-११-२५t१२:००:००z",
        "2026-11-25T12:00:00." + "0" * 100,
        1764072000,
        1e300,
        True,
        None,
        [],
        {},
    ],
)
def test_anything_else_is_no_instant(value):
    assert validate(InstantField(), value) == "refused"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-25T12:00:00Z", NOON),
        ("2026-11-25T17:30:00 05:30", NOON),
        ("2026-11-25t17:30:00 05:30[Asia/Colombo]", NOON),
        ("2026-11-25t12:00z", NOON),
        ("2026-11-25 12:00:00", NOON),
        ("", None),
    ],
)
def test_an_instant_filter_also_takes_dates(text, moment):
    form = Range({"to": text}, User.objects.none()).form

    assert form.is_valid()
    assert form.cleaned_data["to"] == moment


@pytest.mark.parametrize(
    "text", ["soon", "2026-02-30", "0000-01-01", "9999-12-31", "2026-11", "\0", "x" * 999]
)
def test_an_instant_filter_refuses_anything_else(text):
    assert list(Range({"to": text}, User.objects.none()).form.errors) == ["to"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (NumberField(), 25000, Decimal("25000.00")),
        (NumberField(), "25000.5", Decimal("25000.50")),
        (NumberField(), 0.1, Decimal("0.10")),
        (NumberField(), 0.001, "refused"),
        (NumberField(), 1e300, "refused"),
        (NumberField(), "NaN", "refused"),
        (NumberField(), "-Infinity", "refused"),
        (NumberField(), True, "refused"),
        (NumberField(), "9" * 100_000, "refused"),
        (NumberField(), [1], "refused"),
        (FiniteFloatField(), 19.07, 19.07),
        (FiniteFloatField(), "19.07", 19.07),
        (FiniteFloatField(), "nan", "refused"),
        (FiniteFloatField(), "1e999", "refused"),
        (FiniteFloatField(), 10**400, "refused"),
        (FiniteFloatField(), True, "refused"),
        (IdField(), 1, 1),
        (IdField(), MAX_ID, MAX_ID),
        (IdField(), "7", 7),
        (IdField(), 0, "refused"),
        (IdField(), -1, "refused"),
        (IdField(), MAX_ID + 1, "refused"),
        (IdField(), float(2**70), "refused"),
        (IdField(), 1.5, "refused"),
        (IdField(), True, "refused"),
        (IdField(), "9" * 100_000, "refused"),
        (TextField(), " a ", "a"),
        (TextField(), 7, "refused"),
        (TextField(), "a\0", "refused"),
        (LanguageField(), "EN", "en"),
        (LanguageField(), "eng", "refused"),
        (LanguageField(), " Gujarati ", "gu"),
        (LanguageField(), "scottish  gaelic", "gd"),
        (LanguageField(), "PANJABI", "pa"),
        (LanguageField(), "Norwegian", "no"),
        (LanguageField(), "", "refused"),
        (LanguageField(), "é", "refused"),
        (LanguageField(), 7, "refused"),
        (TimezoneField(), "Asia/Kolkata", "Asia/Kolkata"),
        (TimezoneField(), "../etc/passwd", "refused"),
        (TimezoneField(), "x" * 1_000, "refused"),
        (HttpUrlField(), "http://example.com/a.jpg?x=1", "http://example.com/a.jpg?x=1"),
        (HttpUrlField(), "ftp://example.com/", "refused"),
        (HttpUrlField(), "javascript:alert(1)", "refused"),
        (HttpUrlField(), "http://[::1", "refused"),
        (HttpUrlField(), "//example.com/", "refused"),
    ],
)
def test_a_field_takes_or_refuses_a_value(field, value, expected):
    assert validate(field, value) == expected


@pytest.mark.parametrize(
    ("value", "number"), [(Decimal("25000.00"), 25000), (Decimal("0.50"), 0.5), (Decimal("-3.25"), -3.25)]
)
def test_a_decimal_is_returned_as_a_number(value, number):
    shown = NumberField().to_representation(value)

    assert shown == number
    assert type(shown) is type(number)


class Inner(StrictSerializer):
    city = TextField()


class Outer(StrictSerializer):
    id = IdField(read_only=True)
    name = TextField()
    inner = Inner(required=False)


def test_a_strict_serializer_names_all_errors_at_once():
    outer = Outer(data={"id": 1, "colour": "blue", "inner": {"city": "Pune", "zip": 1}})

    assert not outer.is_valid()
    assert outer.errors == {
        "name": ["This field is required."],
        "id": ["This field is read-only."],
        "colour": ["There is no such field."],
        "inner": {"zip": ["There is no such field."]},
    }


def test_a_strict_serializer_says_which_fields_are_read_only_and_what_to_do_instead():
    class Input(Outer):
        response_fields = ["name", "version", "agent"]
        read_only_hints = {"agent": "ask for one."}

    given = Input(data={"name": "A", "version": 1, "agent": 2, "id": 3, "colour": "blue"})

    assert not given.is_valid()
    assert given.errors == {
        "version": ["This field is read-only."],
        "agent": ["This field is read-only: ask for one."],
        "id": ["This field is read-only."],
        "colour": ["There is no such field."],
    }


@pytest.mark.parametrize("data", [None, [], "x", 7])
def test_a_strict_serializer_takes_objects_only(data):
    assert not Outer(data=data).is_valid()


def test_a_strict_serializer_takes_its_own_fields():
    outer = Outer(data={"name": "A", "inner": {"city": "Pune"}})

    assert outer.is_valid()
    assert outer.validated_data == {"name": "A", "inner": {"city": "Pune"}}
