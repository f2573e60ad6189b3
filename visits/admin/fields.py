"""Form fields for local times, and for rows that staff find by typing."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ghar import clock
from ghar.admin import SafeAutocompleteSelect, Text
from visits.models import Visit

LOCAL_FORMAT = "%Y-%m-%dT%H:%M"


class LocalDateTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=LOCAL_FORMAT)


class LocalDateTimeField(forms.DateTimeField):
    """A local time without a time zone. The form localizes it as soon as it knows the zone."""

    widget = LocalDateTimeInput

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            moment = super().to_python(value)
        return moment.replace(tzinfo=None) if moment else None


class OfficeDateTimeField(LocalDateTimeField):
    """A moment, shown and entered in office time: for dates that only staff and agents use."""

    def __init__(self, *, help_text: Text = "", **kwargs: Any) -> None:
        office_time = format_lazy(_("Office time ({zone})."), zone=settings.OFFICE_TIME_ZONE)
        super().__init__(help_text=help_text or office_time, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(settings.OFFICE_TIME_ZONE):
            return super().prepare_value(value)

    def to_python(self, value: Any) -> datetime | None:
        if isinstance(value, datetime):
            return value
        local = super().to_python(value)
        return localize(local, settings.OFFICE_TIME_ZONE.key) if local else None


def to_datetime_local(moment: datetime, zone: str) -> str:
    """Return the moment in the format of an HTML input of type datetime-local."""
    return f"{moment.astimezone(ZoneInfo(zone)):{LOCAL_FORMAT}}"


def localize(local: datetime, zone: str) -> datetime:
    """Return the moment in UTC at which clocks in the zone show `local`; ValidationError if they never do."""
    try:
        return clock.local_to_utc(local, zone)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def autocomplete_field(rows: QuerySet[Any], column: str, **kwargs: Any) -> "forms.ModelChoiceField[Model]":
    """Return a field for a row that is found by typing, as for that column of a visit.

    The service judges whether the row will do, and says why not.
    """
    messages = {"invalid_choice": _("This entry no longer exists. Choose another one.")}
    widget = SafeAutocompleteSelect(Visit._meta.get_field(column), admin.site)
    return forms.ModelChoiceField(rows, widget=widget, error_messages=messages, **kwargs)
