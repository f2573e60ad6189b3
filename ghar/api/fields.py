"""Fields and the serializer that the apps' inputs and outputs are made of."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from django.core.validators import URLValidator
from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ghar.api.renderers import instant, number
from ghar.clock import YEAR_ERROR, YEARS, to_utc
from ghar.validators import MAX_ID, validate_language, validate_timezone

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
DATE_AND_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII
)

http_url = URLValidator(schemes=["http", "https"], message="Give an http(s) URL.")


def parse_instant(text: str) -> datetime:
    """A moment in UTC from ISO 8601; naive = UTC. ValueError if it is none, or none of our time."""
    parsed = parse_datetime(text) if DATE_AND_TIME.fullmatch(text) else None
    if parsed is None:
        raise ValueError("Not a date and time such as 2026-11-25T05:30:00Z.")
    return to_utc(parsed)


def parse_instant_or_date(text: str) -> datetime:
    """The same; a date is its midnight UTC. The + of an offset may have become a space in a URL."""
    if DATE.fullmatch(text):
        return to_utc(datetime.fromisoformat(text))
    return parse_instant(text.replace(" ", "+") if "T" in text else text)


class InstantField(serializers.Field):
    """A moment: 2026-11-25T05:30:00Z out; with Z, an offset or naive (= UTC) in."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return parse_instant(data if isinstance(data, str) else "")
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def to_representation(self, value: datetime) -> str:
        return instant(value)


class DayField(serializers.DateField):
    """A date of our time: whose midnights are moments in every zone."""

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if day.year not in YEARS:
            raise ValidationError(YEAR_ERROR)
        return day


class TextField(serializers.CharField):
    """Text, and nothing that could be written as text: no numbers."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NumberField(serializers.DecimalField):
    """A Decimal in the model, a number in JSON."""

    def __init__(self, max_digits: int = 14, decimal_places: int = 2, **kwargs: Any) -> None:
        super().__init__(max_digits, decimal_places, coerce_to_string=False, **kwargs)

    def to_representation(self, value: Decimal) -> Any:
        return number(value)


class FiniteFloatField(serializers.FloatField):
    """No NaN, no infinity (REST framework sees to that), no booleans."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdField(serializers.IntegerField):
    """The id of a row: what PostgreSQL can keep as one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class LanguageField(TextField):
    """ISO 639-1."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[validate_language], **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class TimezoneField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)
        self.validators.append(validate_timezone)


class HttpUrlField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=500, **kwargs)
        self.validators.append(http_url)


class StrictSerializer(serializers.Serializer):
    """Refuses what it does not know, and what is not to be written, by name."""

    # What answers show under names that nobody writes here, and of some of them what to do instead.
    shown: ClassVar[Collection[str]] = ()
    read_only_hints: ClassVar[Mapping[str, str]] = {}

    def to_internal_value(self, data: Any) -> Any:
        errors: dict[str, Any] = self.unknown_fields(data) if isinstance(data, Mapping) else {}
        value = None
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            errors |= cast(dict[str, Any], error.detail)
        if errors:
            raise ValidationError(errors)
        return value

    def unknown_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name[:100]: [self.refusal(name)]
            for name in data
            if name not in self.fields or self.fields[name].read_only
        }

    def refusal(self, name: str) -> str:
        if name not in self.fields and name not in self.shown:
            return "There is no such field."
        hint = self.read_only_hints.get(name)
        return f"This field is read-only: {hint}" if hint else "This field is read-only."
