"""What a person types to say who he is: an email or a phone number. Nothing here raises on junk."""

from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ghar.validators import phone_number

MAX_LENGTH = 254


def normalise(identifier: str) -> tuple[Literal["email", "phone"], str]:
    """The field that an identifier means and its value there, which is empty if it is neither."""
    if "@" in identifier:
        return "email", normalise_email(identifier)
    return "phone", normalise_phone(identifier)


def lookup(identifier: str) -> dict[str, Any]:
    """The filter that finds its user; nobody's if it is no identifier."""
    field, value = normalise(identifier)
    return {field: value} if value else {"pk": None}


def normalise_email(text: str) -> str:
    """Lower case. ASCII only, so that Python and the database agree on what that is."""
    email = text.strip().lower()
    if not email.isascii() or len(email) > MAX_LENGTH:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email


def normalise_phone(text: str) -> str:
    try:
        return phone_number(text)
    except ValidationError:
        return ""
