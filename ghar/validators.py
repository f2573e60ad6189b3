"""Field rules that several apps share."""

import re
from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

LANGUAGE = re.compile(r"[a-z]{2}")


def validate_language(value: str) -> None:
    if not LANGUAGE.fullmatch(value):
        raise ValidationError("%(value)s is not an ISO 639-1 code such as en or hi.", params={"value": value})


@cache
def timezones() -> frozenset[str]:
    """Every known name; to collect them takes a walk through a directory."""
    return frozenset(available_timezones())


def validate_timezone(value: str) -> None:
    if value not in timezones():
        raise ValidationError("%(value)s is not a time zone such as Asia/Kolkata.", params={"value": value})
