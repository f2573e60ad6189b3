"""The serializer fields that all apps share, and the base class of input serializers."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from ghar import fields
from ghar.api import instants
from ghar.api.renderers import instant, number
from ghar.clock import YEAR_ERROR, YEARS
from ghar.languages import language_code
from ghar.text import clean, clean_line, validate_visible
from ghar.validators import MAX_ID, validate_language, validate_timezone

http_url = URLValidator(
    schemes=["http", "https"], message=gettext_lazy("Enter a URL that starts with http:// or https://.")
)


class InstantField(serializers.Field[datetime, Any, str, Any]):
    """A date and time. Output: 2026-11-25T05:30:00Z. Input: see `ghar.api.instants`; a naive one is UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return instants.parse_instant(data if isinstance(data, str) else "")
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def to_representation(self, value: datetime) -> str:
        return instant(value)


class InstantOrDayField(InstantField):
    """An instant, or a date alone, which becomes a `date`: the server chooses the time on that day."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and instants.DATE.fullmatch(data.strip()):
            return DayField().run_validation(data.strip())
        return super().to_internal_value(data)


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


class OneLine(serializers.CharField):
    """A text of one line, cleaned. `clean_line` says what it refuses."""

    def run_validation(self, data: Any = empty) -> Any:
        try:
            return super().run_validation(clean_line(data) if isinstance(data, str) else data)
        except DjangoValidationError as error:
            raise ValidationError(error.messages) from None


# The fields of a ModelSerializer by those of the model.
MODEL_FIELDS = {**serializers.ModelSerializer.serializer_field_mapping, fields.LineField: OneLine}


class LineField(OneLine, TextField):
    """A string of one line, cleaned."""


class NameField(LineField):
    """The name of something or somebody: a line with something visible in it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(validate_visible)


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
    """A language: its ISO 639-1 code, or its English name. The value is the code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[validate_language], **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return language_code(super().to_internal_value(data))


class TimezoneField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)
        self.validators.append(validate_timezone)


class HttpUrlField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=500, **kwargs)
        self.validators.append(http_url)


class StrictSerializer(serializers.Serializer[Any]):
    """An input serializer that refuses unknown and read-only fields by name, and cleans texts (ghar.text).

    Fields that keep the white space around a text, such as passwords, get it as it was sent.

    With `ignores_unknown` it leaves out fields that nobody knows: a client of tomorrow may say more about
    what it creates. A partial update is refused all the same, since it would not do what the client asks.
    """

    ignores_unknown: ClassVar[bool] = False

    # The names in responses, which are read-only here unless they are fields, and what to do about some.
    response_fields: ClassVar[Collection[str]] = ()
    read_only_hints: ClassVar[Mapping[str, Any]] = {}

    def to_internal_value(self, data: Any) -> Any:
        errors: dict[str, Any] = self.unknown_fields(data) if isinstance(data, Mapping) else {}
        value = None
        try:
            value = super().to_internal_value(self.with_clean_texts(data))
        except ValidationError as error:
            errors |= cast(dict[str, Any], error.detail)
        if errors:
            raise ValidationError(errors)
        return value

    def with_clean_texts(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        texts = {
            name
            for name, field in self.fields.items()
            if isinstance(field, serializers.CharField)
            and not isinstance(field, OneLine)
            and field.trim_whitespace
        }
        return {
            name: clean(value) if name in texts and isinstance(value, str) else value
            for name, value in data.items()
        }

    def unknown_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        ignored = self.ignores_unknown and not self.partial
        return {
            name[:100]: [self.unknown_field_error(name)]
            for name in data
            if self.is_read_only(name) or (name not in self.fields and not ignored)
        }

    def is_read_only(self, name: str) -> bool:
        return self.fields[name].read_only if name in self.fields else name in self.response_fields

    def unknown_field_error(self, name: str) -> str:
        if not self.is_read_only(name):
            return _("There is no such field.")
        hint = self.read_only_hints.get(name)
        return (
            _("This field is read-only: %(hint)s") % {"hint": hint} if hint else _("This field is read-only.")
        )


class EmptySerializer(StrictSerializer):
    """A body without fields, or no body."""
