"""Fields with the project's rules for texts, and what Django doesn't have of PostgreSQL's types."""

from typing import Any

from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, Value

from ghar.generics import CharField, Field, TextField
from ghar.text import clean, clean_line, clean_words, validate_visible
from ghar.validators import canonical_timezone, validate_timezone


class LineField(CharField[str, str]):
    """A text of one line, cleaned (ghar.text).

    Validation refuses what `clean_line` refuses. What is saved without validation is cleaned all the same.
    For migrations it is Django's own field: the database sees no difference.
    """

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return clean_line(text) if isinstance(text, str) else text

    def get_prep_value(self, value: Any) -> Any:
        # Not that of CharField: it validates by `to_python`, which refuses what is only to be cleaned here.
        text = models.Field.get_prep_value(self, value)
        return None if text is None else clean_words(str(text))

    def deconstruct(self) -> Any:
        return self.name, "django.db.models.CharField", *super().deconstruct()[2:]


class NameField(LineField):
    """The name of something or somebody: a line with something visible in it."""

    default_validators = [validate_visible]


class CleanedField(Field[Any, Any]):
    """A text of any number of lines, cleaned (ghar.text)."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return clean(text) if isinstance(text, str) else text

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return clean(text) if isinstance(text, str) else text


class ParagraphField(CleanedField, TextField[str, str]):
    """A TextField of cleaned text. For migrations it is Django's own, as is LineField."""

    def deconstruct(self) -> Any:
        return self.name, "django.db.models.TextField", *super().deconstruct()[2:]


class TimeZoneField(CharField[str, str]):
    """The name of a time zone. Cleaning and saving turn its other names into the present one."""

    default_validators = [validate_timezone]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 64, "default": "Asia/Kolkata", **kwargs})

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return canonical_timezone(super().clean(value, model_instance))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        name = canonical_timezone(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, name)
        return name


class AddressField(CleanedField, CharField[str, str]):
    """A CharField of cleaned text, which may have several lines, as people paste an address."""

    def deconstruct(self) -> Any:
        return self.name, "django.db.models.CharField", *super().deconstruct()[2:]


class BigIntegerMultirangeField(Field[Any, Any]):
    """An int8multirange, which psycopg reads as a Multirange of Ranges of int."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "int8multirange"


class IdMultirange(Func):
    """The int8multirange of the ids in some columns, with nothing between them: 3 and 8 are {[3,4),[8,9)}."""

    function = "int8multirange"
    output_field = BigIntegerMultirangeField()

    def __init__(self, *columns: str) -> None:
        super().__init__(*(_IdRange(column, column, Value("[]")) for column in columns))


class _IdRange(Func):
    function = "int8range"
    output_field = BigIntegerRangeField()


class TsTzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class DateAt(Func):
    """The local date of a moment (a column, or a datetime) in the time zone that the column `zone` names.

    It is the date in UTC where the database does not know that zone: the other rows still have an answer.
    """

    function = "ghar_local_date"
    output_field = models.DateField()

    def __init__(self, zone: str, moment: Any) -> None:
        super().__init__(moment if isinstance(moment, str) else models.Value(moment), F(zone))
