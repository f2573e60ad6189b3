"""The serializer fields that all apps share, and the base class of input serializers."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ghar.api.instants import parse_instant
from ghar.api.renderers import instant, number
from ghar.clock import YEAR_ERROR, YEARS
from ghar.validators import MAX_ID, validate_language, validate_timezone

http_url = URLValidator(
    schemes=["http", "https"], message=gettext_lazy("Enter a URL that starts with http:// or https://.")
)


class InstantField(serializers.Field[datetime, Any, str, Any]):
    """A date and time. Output: 2026-11-25T05:30:00Z. Input: see `ghar.api.instants`; a naive one is UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return parse_instant(data if isinstance(data, str) else "")
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def to_representation(self, value: datetime) -> str:
        return instant(value)


class DayField(serializers.DateField):
    """A date in the range of years that the project knows."""

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if day.year not in YEARS:
            raise ValidationError(YEAR_ERROR)
        return day


class TextField(serializers.CharField):
    """A string. A number is refused, where CharField would convert it."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NumberField(serializers.DecimalField):
    """A Decimal in the model and a number in JSON."""

    def __init__(self, max_digits: int = 14, decimal_places: int = 2, **kwargs: Any) -> None:
        super().__init__(max_digits, decimal_places, coerce_to_string=False, **kwargs)

    def to_representation(self, value: Decimal) -> int | float:  # type: ignore[override]  # not a string
        return number(value)


class FiniteFloatField(serializers.FloatField):
    """A float. Booleans are refused here; REST framework refuses NaN and infinity."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdField(serializers.IntegerField):
    """The id of a row, in the range of a bigint."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class LanguageField(TextField):
    """An ISO 639-1 code, in lower case."""

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


class StrictSerializer(serializers.Serializer[Any]):
    """An input serializer that refuses unknown and read-only fields by name."""

    # The names in responses, which are read-only here unless they are fields, and what to do about some.
    response_fields: ClassVar[Collection[str]] = ()
    read_only_hints: ClassVar[Mapping[str, Any]] = {}

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
            name[:100]: [self.unknown_field_error(name)]
            for name in data
            if name not in self.fields or self.fields[name].read_only
        }

    def unknown_field_error(self, name: str) -> str:
        if name not in self.fields and name not in self.response_fields:
            return _("There is no such field.")
        hint = self.read_only_hints.get(name)
        return (
            _("This field is read-only: %(hint)s") % {"hint": hint} if hint else _("This field is read-only.")
        )


class EmptySerializer(StrictSerializer):
    """A body without fields, or no body."""
