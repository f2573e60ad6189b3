"""Form fields for local times, and for rows that staff find by typing."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar import clock
from ghar.admin import SafeAutocompleteSelect, Text
from visits.models import Visit

LOCAL_FORMAT = "%Y-%m-%dT%H:%M"
# A local time as forms send it, and the offset that tells the two moments of a repeated one apart.
OFFSET = re.compile("[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]")
LOCAL_TIME = re.compile(f"(.*?)({OFFSET.pattern})?", re.DOTALL)


class LocalDateTimeInput(forms.DateTimeInput):
    """An input of type datetime-local. It cannot hold an offset, so one is chosen from a list beside it.

    The list is there for a time that clocks show twice: `occurrences` are its two moments, in local time.
    """

    input_type = "datetime-local"
    occurrences: tuple[datetime, ...] = ()

    def __init__(self) -> None:
        super().__init__(format=LOCAL_FORMAT)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the local time, with the chosen offset behind it if there is one."""
        text, offset = super().value_from_datadict(data, files, name), data.get(f"{name}_offset", "")
        is_open = text and not split_offset(text)[1]
        return f"{text}{offset}" if is_open and OFFSET.fullmatch(offset) else text

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        local, offset = split_offset(value) if isinstance(value, str) else (value, "")
        if isinstance(value, datetime) and value.tzinfo:
            offset = offset_of(value)
        widget = super().render(name, local, attrs, renderer)
        if not self.occurrences:
            return widget
        labels = (_("the first time (UTC%(offset)s)"), _("the second time (UTC%(offset)s)"))
        choices = [("", _("Which of the two?"))] + [
            (offset_of(moment), label % {"offset": offset_of(moment)})
            for moment, label in zip(self.occurrences, labels, strict=True)
        ]
        which = forms.Select({"aria-label": _("Clocks show this time twice")}, choices)
        return widget + which.render(f"{name}_offset", offset, renderer=renderer)


class LocalDateTimeField(forms.DateTimeField):
    """A moment, shown and entered as local time of `zone`.

    A form that doesn't know the zone yet leaves it empty, and calls `to_moment` as soon as it does. A time
    that was not changed keeps its moment: also when clocks show it twice, and to the second.
    """

    widget = LocalDateTimeInput
    zone = ""

    def prepare_value(self, value: Any) -> Any:
        if not (isinstance(value, datetime) and value.tzinfo and self.zone):
            return super().prepare_value(value)
        there = clock.time_zone(self.zone)
        self._offer_occurrences(value, there)
        local = value.astimezone(there)
        return local if clock.is_repeated(value, there) else local.replace(tzinfo=None)

    def to_python(self, value: Any) -> datetime | None:
        """Return a local time without a time zone, or with the offset that was chosen."""
        text, offset = split_offset(value) if isinstance(value, str) else (value, "")
        with timezone.override(UTC):
            moment = super().to_python(text)
        if moment is None:
            return None
        return moment.replace(tzinfo=datetime.strptime(offset, "%z").tzinfo if offset else None)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            value = self.to_python(data)
        except ValidationError:
            return True
        if isinstance(initial, datetime) and value:
            return not self._is_shown_as(initial, value)
        return bool(initial) != bool(value)

    def _clean_bound_field(self, bf: forms.BoundField) -> datetime | None:
        # The only place where Django lets a field see what it showed. `bf.initial` has lost its microseconds.
        value: datetime | None = super()._clean_bound_field(bf)  # type: ignore[misc]  # missing in the stubs
        if value is None or not self.zone:
            return value
        return self.to_moment(value, self.zone, shown=bf.form.initial.get(bf.name, self.initial))

    def to_moment(self, local: datetime, zone: str, shown: datetime | None = None) -> datetime:
        """Return the moment in UTC at which clocks in the zone show `local`; `shown` if it is still the same.

        Raises ValidationError for a time that they skip, and for one that they show twice unless it has the
        offset of one of the two: then the form asks which it is.
        """
        if shown and self._is_shown_as(shown, local, zone):
            self._offer_occurrences(shown, clock.time_zone(zone))
            return shown
        try:
            return clock.local_to_utc(local.replace(tzinfo=None), zone)
        except clock.RepeatedTime as error:
            self._offer_occurrences(error.moments[0], clock.time_zone(zone))
            if local.tzinfo and local in error.moments:
                return local.astimezone(UTC)
            raise ValidationError(str(error)) from None
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def _is_shown_as(self, moment: datetime, local: datetime, zone: str = "") -> bool:
        there = moment.astimezone(clock.time_zone(zone or self.zone))
        is_same_time = there.replace(tzinfo=None, second=0, microsecond=0) == local.replace(tzinfo=None)
        return is_same_time and local.utcoffset() in (None, there.utcoffset())

    def _offer_occurrences(self, moment: datetime, there: tzinfo) -> None:
        if clock.is_repeated(moment, there) and isinstance(self.widget, LocalDateTimeInput):
            local = moment.astimezone(there)
            self.widget.occurrences = (local.replace(fold=0), local.replace(fold=1))


class OfficeDateTimeField(LocalDateTimeField):
    """A moment, shown and entered in office time: for dates that only staff and agents use."""

    def __init__(self, *, help_text: Text = "", **kwargs: Any) -> None:
        office_time = format_lazy(gettext_lazy("Office time ({zone})."), zone=settings.OFFICE_TIME_ZONE)
        super().__init__(help_text=help_text or office_time, **kwargs)

    @property
    def zone(self) -> str:  # type: ignore[override]  # read-only here
        return settings.OFFICE_TIME_ZONE.key


def local_time_field(form: forms.Form, name: str) -> LocalDateTimeField:
    field = form.fields[name]
    assert isinstance(field, LocalDateTimeField)
    return field


def split_offset(text: str) -> tuple[str, str]:
    """Return a local time and the offset behind it, such as "-05:00", or ""."""
    found = LOCAL_TIME.fullmatch(text.strip())
    return (found[1], found[2] or "") if found and "T" in text else (text, "")


def offset_of(local: datetime) -> str:
    """Return the offset of a local time, such as "-05:00"."""
    return local.isoformat(timespec="minutes")[16:]


def to_datetime_local(moment: datetime, zone: str) -> str:
    """Return the moment as LocalDateTimeField reads it, with its offset where clocks show that time twice."""
    there = clock.time_zone(zone)
    local = moment.astimezone(there)
    return f"{local:{LOCAL_FORMAT}}{offset_of(local) if clock.is_repeated(moment, there) else ''}"


def autocomplete_field(rows: QuerySet[Any], column: str, **kwargs: Any) -> "forms.ModelChoiceField[Model]":
    """Return a field for a row that is found by typing, as for that column of a visit.

    The service judges whether the row will do, and says why not.
    """
    messages = {"invalid_choice": gettext_lazy("This entry no longer exists. Choose another one.")}
    widget = SafeAutocompleteSelect(Visit._meta.get_field(column), admin.site)
    return forms.ModelChoiceField(rows, widget=widget, error_messages=messages, **kwargs)
