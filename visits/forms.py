"""What staff fill in: one form for each act on a visit. `given()` is what the service is called with."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.utils import timezone

from ghar.accounts.models import User
from properties.models import Property
from visits import assignment, services, words
from visits.assignment import Candidate
from visits.models import Visit

AUTOMATIC, NOBODY = "auto", "none"


class ClockInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class ClockField(forms.DateTimeField):
    """A time as the clocks at the listing show it: without a zone until the listing is known."""

    widget = ClockInput

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            moment = super().to_python(value)
        return moment.replace(tzinfo=None) if moment else None


def moment_at(listing: Property, local: datetime) -> datetime:
    try:
        return local.replace(tzinfo=ZoneInfo(listing.timezone)).astimezone(UTC)
    except OverflowError:
        raise ValidationError("There is no such time.") from None


class ActForm(forms.Form):
    def __init__(self, *args: Any, visit: Visit, **kwargs: Any) -> None:
        self.visit = visit
        super().__init__(*args, **kwargs)

    def given(self) -> dict[str, Any]:
        return self.cleaned_data


class ConfirmForm(ActForm):
    pass


class CancelForm(ActForm):
    reason = forms.CharField(max_length=500, required=False, help_text="Visitor and agent read it.")


class RescheduleForm(ActForm):
    new_date = ClockField(label="New time")
    reason = forms.CharField(max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.visit.property.timezone
        self.fields["new_date"].help_text = f"As the clocks at the listing show it ({zone})."
        self.fields["new_date"].initial = self.visit.scheduled_date.astimezone(ZoneInfo(zone)).replace(
            tzinfo=None
        )

    def clean_new_date(self) -> datetime:
        return moment_at(self.visit.property, self.cleaned_data["new_date"])


class CompleteForm(ActForm):
    notes = forms.CharField(
        max_length=5_000, required=False, widget=forms.Textarea, help_text="Agents and staff only."
    )
    feedback = forms.CharField(
        label="Visitor's feedback", max_length=5_000, required=False, widget=forms.Textarea
    )
    interest_level = forms.ChoiceField(
        label="Visitor's interest", choices=[("", "not known"), *Visit.Interest.choices], required=False
    )
    follow_up_date = ClockField(label="Follow up", required=False)

    def clean_follow_up_date(self) -> datetime | None:
        local = self.cleaned_data["follow_up_date"]
        return moment_at(self.visit.property, local) if local else None

    def given(self) -> dict[str, Any]:
        """What is left empty stays as it is."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class AssignForm(ActForm):
    agent = forms.ChoiceField()
    reason = forms.CharField(
        max_length=500, required=False, help_text="Needed when one agent takes over from another."
    )
    override = forms.BooleanField(
        label="In spite of hours, time off, city or load", required=False, help_text="Needs a reason."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agent"] = forms.ChoiceField(choices=self.choices())

    def choices(self) -> list[tuple[str, str]]:
        nobody = [(NOBODY, "Nobody: back to the queue")] if self.visit.agent_id else []
        agents = assignment.candidates(self.visit)
        return [
            (AUTOMATIC, "The best who is free"),
            *nobody,
            *((str(candidate.agent.pk), described(candidate)) for candidate in agents),
        ]

    def given(self) -> dict[str, Any]:
        rest = dict(self.cleaned_data)
        chosen = rest.pop("agent")
        special = {AUTOMATIC: services.AUTOMATIC, NOBODY: None}
        return {"agent_id": special[chosen] if chosen in special else int(chosen), **rest}


def described(candidate: Candidate) -> str:
    """An agent with his load and whether he is free, in one line."""
    agent = candidate.agent
    load = f"{agent.live_visits} of {agent.capacity}" if agent.capacity else agent.live_visits
    free = "free" if candidate.eligible else words.of_obstacles(candidate.reasons).lower().rstrip(".")
    return f"{agent.name} · {load} visits · {free}"


def found_by_typing(column: str) -> AutocompleteSelect:
    return AutocompleteSelect(Visit._meta.get_field(column), admin.site)


class BookForm(forms.Form):
    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True), label="Visitor", widget=found_by_typing("user")
    )
    listing = forms.ModelChoiceField(Property.objects.available(), widget=found_by_typing("property"))
    scheduled_date = ClockField(label="Time", help_text="As the clocks at the listing show it.")
    duration_minutes = forms.IntegerField(label="Minutes", required=False, help_text="Empty: the usual.")
    special_requirements = forms.CharField(max_length=2_000, required=False, widget=forms.Textarea)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if {"listing", "scheduled_date"} <= given.keys():
            given["scheduled_date"] = moment_at(given["listing"], given["scheduled_date"])
        return given

    def given(self) -> dict[str, Any]:
        rest = dict(self.cleaned_data)
        return {"property_id": rest.pop("listing").pk, **rest}
