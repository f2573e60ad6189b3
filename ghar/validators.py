"""Validators of fields that several apps share. They raise Django's ValidationError."""

import re
from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import connection
from django.utils.translation import gettext_lazy as _

from ghar.text import clean_words
from ghar.zones import present_name

# The largest value of a bigint column.
MAX_ID = 2**63 - 1
LANGUAGE = re.compile(r"[a-z]{2}")
# IANA has zones of these names, with summer time. PostgreSQL takes the names for abbreviations instead:
# fixed offsets. The two would disagree for half of the year.
ABBREVIATIONS = {"CET", "EET", "MET", "WET"}
# A path from the root of this server. Browsers take "//host" and "/\host" for another server.
SITE_PATH = re.compile(r"/(?![/\\])[^\s\\\"'<>\x00-\x1f]*")


def is_id(text: str) -> bool:
    """Return whether a row can have this id: plain ASCII digits, from 1 to what a bigint holds.

    The length is checked first, because `int` is slow on thousands of digits and refuses more.
    """
    return text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_ID


def validate_language(value: str) -> None:
    if not LANGUAGE.fullmatch(value):
        raise ValidationError(
            _("%(value)s is not an ISO 639-1 code such as en or hi."), params={"value": value}
        )


@cache
def timezones() -> frozenset[str]:
    """Return the names of the time zones that Python and PostgreSQL both know and read alike.

    "localtime" is left out: it means whatever a machine is set to. The result is cached because both
    Python and PostgreSQL walk through a directory to collect the names.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}
    return frozenset(available_timezones() & known) - {"localtime"} - ABBREVIATIONS


def canonical_timezone(name: str) -> str:
    """Return the name under which a time zone is stored: Asia/Kolkata for Asia/Calcutta.

    Browsers and older systems still send the old names, and not every PostgreSQL knows them. An unknown name
    stays as it is, for `validate_timezone` to refuse; so does an old one while the present one is not known.
    """
    present = present_name(name)
    return present if present in timezones() else name


def validate_timezone(value: str) -> None:
    """Accept the names of `timezones`, and other names of the same zones: TimeZoneField stores the former."""
    if value in ABBREVIATIONS or canonical_timezone(value) not in timezones():
        raise ValidationError(
            _("%(value)s is not a time zone such as Asia/Kolkata."), params={"value": value}
        )


def validate_link(value: str) -> None:
    """Accept an http(s) URL, or a path on this server."""
    if SITE_PATH.fullmatch(value):
        return
    try:
        URLValidator(schemes=["http", "https"])(value)
    except ValidationError:
        raise ValidationError(_("Give a web address (https://…) or a path on this server (/…).")) from None


def phone_number(value: str) -> str:
    """Return a phone number in E.164, such as "+919812345678".

    A number without a country code is taken for one of the region PHONE_REGION. Raises ValidationError for
    what is no valid number, and for one with an extension, which E.164 cannot hold.
    """
    try:
        number = phonenumbers.parse(clean_words(value), settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        raise ValidationError(_("Give a phone number such as +91 98200 00000."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
