"""Identifiers: the email or phone number by which people log in. Nothing here raises on nonsense."""

from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ghar.text import clean_words
from ghar.validators import phone_number

MAX_LENGTH = 254


def normalise(identifier: str) -> tuple[Literal["email", "phone"], str]:
    """Return the field that an identifier is of, and its normal form; an empty one for a wrong identifier."""
    identifier = clean_words(identifier)
    if "@" in identifier:
        return "email", normalise_email(identifier)
    return "phone", normalise_phone(identifier)


def lookup(identifier: str) -> dict[str, Any]:
    """Return the filter that finds the user. It finds nobody for a wrong identifier."""
    field, value = normalise(identifier)
    return {field: value} if value else {"pk": None}


def normalise_email(text: str) -> str:
    """Return the email in lower case, or "" for none.

    It is ASCII, because Python and PostgreSQL do not agree on the lower case of all other letters.
    """
    email = clean_words(text)
    if not email.isascii() or len(email) > MAX_LENGTH:
        return ""
    email = email.lower()
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email


def normalise_phone(text: str) -> str:
    """Return the number in E.164, or "" for none."""
    try:
        return phone_number(text)
    except ValidationError:
        return ""
