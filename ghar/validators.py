"""Field rules that several apps share."""

import re
from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import connection

MAX_ID = 2**63 - 1
LANGUAGE = re.compile(r"[a-z]{2}")
# PostgreSQL takes these names for abbreviations: offsets that know no summer time, as the zones do.
ABBREVIATIONS = {"CET", "EET", "MET", "WET"}
# From the root of this server; a second slash or a backslash would make browsers go elsewhere.
OWN_PATH = re.compile(r"/(?![/\\])[^\s\\\"'<>\x00-\x1f]*")


def is_id(text: str) -> bool:
    """Whether a row can have it: in plain digits, and no more than PostgreSQL keeps."""
    return text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_ID


def validate_language(value: str) -> None:
    if not LANGUAGE.fullmatch(value):
        raise ValidationError("%(value)s is not an ISO 639-1 code such as en or hi.", params={"value": value})


@cache
def timezones() -> frozenset[str]:
    """Every name that Python and PostgreSQL both know, but "localtime": that is what a machine says.

    Kept, because to collect them takes each of the two a walk through a directory.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}
    return frozenset(available_timezones() & known) - {"localtime"} - ABBREVIATIONS


def validate_timezone(value: str) -> None:
    if value not in timezones():
        raise ValidationError("%(value)s is not a time zone such as Asia/Kolkata.", params={"value": value})


def single_spaced(text: str) -> str:
    """Names are compared, and a blank more would make another one of them."""
    return " ".join(text.split())


def validate_link(value: str) -> None:
    """A web address, or a path that this server answers."""
    if OWN_PATH.fullmatch(value):
        return
    try:
        URLValidator(schemes=["http", "https"])(value)
    except ValidationError:
        raise ValidationError("Give a web address (https://…) or a path on this server (/…).") from None


def phone_number(value: str) -> str:
    """E.164 of a number as people write it; without a country code it is one of PHONE_REGION."""
    try:
        number = phonenumbers.parse(value, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        raise ValidationError("Give a phone number such as +91 98200 00000.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
