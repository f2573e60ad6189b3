"""Form fields for local times, and for rows that are found by typing."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from ghar import clock
from ghar.admin import SafeAutocompleteSelect
from visits.models import Visit

LOCAL_FORMAT = "%Y-%m-%dT%H:%M"


class LocalDateTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=LOCAL_FORMAT)


class LocalDateTimeField(forms.DateTimeField):
    """A time as the clocks at the listing show it: without a zone until the listing is known."""

    widget = LocalDateTimeInput

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            moment = super().to_python(value)
        return moment.replace(tzinfo=None) if moment else None


class OfficeDateTimeField(LocalDateTimeField):
    """A moment, shown and taken by the desk's clock: for what only staff and agents go by."""

    def __init__(self, *, help_text: str = "", **kwargs: Any) -> None:
        zone = settings.OFFICE_TIME_ZONE
        super().__init__(help_text=help_text or f"By the desk's clock ({zone}).", **kwargs)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(settings.OFFICE_TIME_ZONE):
            return super().prepare_value(value)

    def to_python(self, value: Any) -> datetime | None:
        if isinstance(value, datetime):
            return value
        local = super().to_python(value)
        return localize(settings.OFFICE_TIME_ZONE.key, local) if local else None


def to_datetime_local(moment: datetime, zone: str) -> str:
    """As a browser's field for a time takes and sends it."""
    return f"{moment.astimezone(ZoneInfo(zone)):{LOCAL_FORMAT}}"


def localize(zone: str, local: datetime) -> datetime:
    try:
        return clock.local_to_utc(local, zone)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def autocomplete_field(rows: QuerySet[Any], column: str, **kwargs: Any) -> forms.ModelChoiceField:
    """A row found by typing. Whether it will do, the service says, and why not."""
    field: Any = Visit._meta.get_field(column)
    missing = {"invalid_choice": f"There is no such {field.verbose_name}."}
    widget = SafeAutocompleteSelect(field, admin.site)
    return forms.ModelChoiceField(rows, widget=widget, error_messages=missing, **kwargs)
