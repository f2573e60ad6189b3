"""The forms of the actions on a visit, an agent, an engagement and a listing.

`arguments()` returns what the action's service is called with.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import Agent, Engagement
from ghar.accounts.models import User
from ghar.admin import ActionForm, error_message
from ghar.clock import format_local
from ghar.errors import DomainError
from ghar.generics import ModelForm
from ghar.validators import is_id
from properties.models import Property
from visits import services
from visits.admin.fields import (
    LocalDateTimeField,
    OfficeDateTimeField,
    autocomplete_field,
    local_time_field,
    to_datetime_local,
)
from visits.assignment.candidates import Candidate, rank_candidates
from visits.models import Visit, VisitFeedback, VisitQuerySet
from visits.scheduling.eligibility import REASONS

AUTOMATIC_CHOICE, NOBODY = "auto", "none"
AGENT_GONE = gettext_lazy("This agent no longer works here. Choose another one.")
AgentArgument = int | None | services.Choice


class NotesForm(ModelForm[Visit]):
    """The notes on a visit's page, with the version of the visit that the user has read."""

    read_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "read_version" in self.fields:
            self.fields["read_version"].initial = self.instance.version

    def clean_read_version(self) -> int | None:
        version: int | None = self.cleaned_data["read_version"]
        if version not in (None, self.instance.version):
            # The page now holds the present version: users who save again have been warned.
            self.data = {**self.data, "read_version": self.instance.version}
            raise ValidationError(
                _("Someone changed this visit while you were editing. Check its history, then save again.")
            )
        return version


class ReasonField(forms.CharField):
    """The words for the people of the visit."""

    def __init__(self, help_text: Any = None, max_length: int = 500) -> None:
        super().__init__(
            label=gettext_lazy("Reason"),
            max_length=max_length,
            required=False,
            help_text=help_text or gettext_lazy("The visitor can read it."),
        )


class NoteField(forms.CharField):
    """The words for the agency alone."""

    def __init__(self, max_length: int = 500) -> None:
        super().__init__(
            label=gettext_lazy("Note"),
            max_length=max_length,
            required=False,
            help_text=gettext_lazy("Only agents and staff can read it."),
        )


class VisitActionForm(ActionForm[Visit]):
    def arguments(self) -> dict[str, Any]:
        return {"visit": self.row, **self.cleaned_data}


class TimeForm(ActionForm[Visit]):
    """A form with a time. When the service refuses it, the form offers free times as buttons.

    `time_field` takes that time, and `free_times` are pairs of a value for it and a label.
    """

    time_field = ""
    free_times: Sequence[tuple[str, str]] = ()

    def get_time_zone(self) -> str:
        return self.row.property.timezone

    def refusal(self, error: DomainError) -> str:
        zone = self.get_time_zone()
        starts: list[datetime] = [slot["start"] for slot in error.extra.get("alternatives", ())]
        if not starts:
            return error_message(error)
        self.free_times = [(to_datetime_local(start, zone), format_local(start, zone)) for start in starts]
        return _("%(problem)s Free times: %(times)s.") % {
            "problem": error_message(error),
            "times": "; ".join(label for _value, label in self.free_times),
        }


class BookForm(TimeForm):
    time_field = "scheduled_date"

    user = autocomplete_field(User.objects.all(), "user", label=gettext_lazy("Visitor"))
    listing = autocomplete_field(Property.objects.all(), "property", label=gettext_lazy("Listing"))
    scheduled_date = LocalDateTimeField(
        label=gettext_lazy("Time"), help_text=gettext_lazy("Local time at the listing.")
    )
    duration_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        required=False,
        help_text=gettext_lazy("Leave empty for the usual length."),
    )
    special_requirements = forms.CharField(
        label=gettext_lazy("Special requirements"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea,
    )

    def get_time_zone(self) -> str:
        listing: Property = self.cleaned_data["listing"]
        return listing.timezone

    def clean(self) -> dict[str, Any]:
        data, time = self.cleaned_data, local_time_field(self, "scheduled_date")
        if {"listing", "scheduled_date"} <= data.keys():
            try:
                data["scheduled_date"] = time.to_moment(data["scheduled_date"], self.get_time_zone())
            except ValidationError as error:
                self.add_error("scheduled_date", error)
        return data

    def arguments(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        return {"property_id": data.pop("listing").pk, **data}


class RescheduleForm(TimeForm, VisitActionForm):
    time_field = "new_date"

    new_date = LocalDateTimeField(label=gettext_lazy("New time"))
    reason = ReasonField()
    note = NoteField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = local_time_field(self, "new_date")
        field.zone, field.initial = self.get_time_zone(), self.row.scheduled_date
        field.help_text = _("Local time at the listing (%(zone)s).") % {"zone": field.zone}


class CancelForm(VisitActionForm):
    reason = ReasonField()
    note = NoteField()


class CompleteForm(VisitActionForm):
    agent = autocomplete_field(
        Agent.objects.all(),
        "agent",
        label=gettext_lazy("Shown by"),
        required=False,
        help_text=gettext_lazy("If it was another agent, or none is assigned."),
    )
    notes = forms.CharField(
        label=gettext_lazy("Notes"),
        max_length=5_000,
        required=False,
        widget=forms.Textarea,
        help_text=gettext_lazy("Visible to agents and staff only."),
    )
    feedback = forms.CharField(
        label=gettext_lazy("Visitor's feedback"),
        max_length=5_000,
        required=False,
        widget=forms.Textarea,
        help_text=gettext_lazy("What you heard from the visitor. Their own words stay beside it."),
    )
    interest_level = forms.ChoiceField(
        label=gettext_lazy("Visitor's interest"),
        choices=[("", gettext_lazy("Unknown")), *VisitFeedback.Interest.choices],
        required=False,
    )
    follow_up_date = OfficeDateTimeField(label=gettext_lazy("Follow up on"), required=False)

    def arguments(self) -> dict[str, Any]:
        """Leave out empty fields: they stay as they are."""
        arguments = {name: value for name, value in super().arguments().items() if value}
        if agent := arguments.pop("agent", None):
            arguments["agent_id"] = agent.pk
        return arguments


class AgentField(forms.CharField):
    """An agent's id, or AUTOMATIC_CHOICE, or NOBODY. The service judges whether the agent will do."""

    def clean(self, value: Any) -> AgentArgument:
        choice = super().clean(value)
        if choice == AUTOMATIC_CHOICE:
            return services.AUTOMATIC
        if choice == NOBODY:
            return None
        if not is_id(choice):
            raise ValidationError(AGENT_GONE)
        return int(choice)


class CandidateRow(NamedTuple):
    candidate: Candidate
    selected: bool
    assignable: bool  # without a reason of ineligibility that staff can't override


class AssignForm(VisitActionForm):
    """The choice of an agent. Agents are ranked only when the form is shown: a POST names one."""

    agent = AgentField(error_messages={"required": gettext_lazy("Choose an agent.")})
    reason = ReasonField()
    note = NoteField()
    override = forms.BooleanField(
        label=gettext_lazy("Override hours, time off, city and capacity"), required=False
    )

    @cached_property
    def candidates(self) -> list[Candidate]:
        return rank_candidates(self.row)

    def selected(self) -> str:
        """Return the agent that was submitted; else the best one, if the visit has no agent."""
        if self.is_bound:
            return self["agent"].value() or ""
        best = next((each for each in self.candidates if each.proposed), None)
        return str(best.agent.pk) if best and not self.row.agent_id else ""

    def rows(self) -> list[CandidateRow]:
        selected = self.selected()
        return [
            CandidateRow(
                each, str(each.agent.pk) == selected, all(REASONS[name].overridable for name in each.reasons)
            )
            for each in self.candidates
        ]

    def arguments(self) -> dict[str, Any]:
        arguments = super().arguments()
        return {"agent_id": arguments.pop("agent"), **arguments}


class AgentActionForm(ActionForm[Agent]):
    def arguments(self) -> dict[str, Any]:
        return {"agent": self.row, **self.cleaned_data}


class TimeOffForm(AgentActionForm):
    starts = LocalDateTimeField(label=gettext_lazy("From"))
    ends = LocalDateTimeField(label=gettext_lazy("To"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("starts", "ends"):
            local_time_field(self, name).zone = self.row.timezone
        self.fields["ends"].help_text = _("In the agent's time zone (%(zone)s).") % {
            "zone": self.row.timezone
        }

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"agent": self.row, "from_": data["starts"], "to": data["ends"], "reason": data["reason"]}


class MoveEngagementForm(ActionForm[Engagement]):
    agent = autocomplete_field(Agent.objects.all(), "agent", label=gettext_lazy("New agent"))
    reason = ReasonField(gettext_lazy("The seeker can read it. A reason or a note is required."), 200)
    note = NoteField(200)

    def clean(self) -> dict[str, Any]:
        if not (self.cleaned_data.get("reason") or self.cleaned_data.get("note")):
            self.add_error("reason", _("A reason or a note is required to give the seeker another agent."))
        # The service moves the seeker's open engagement, which is not this one if this one has ended.
        if self.row.ended_at:
            raise ValidationError(_("This engagement has ended. Change the seeker's open one instead."))
        return self.cleaned_data

    def arguments(self) -> dict[str, Any]:
        return {"user": self.row.seeker, **self.cleaned_data}


class WithdrawForm(ActionForm[Property]):
    def clean(self) -> dict[str, Any]:
        if self.row.status == Property.Status.WITHDRAWN:
            raise ValidationError(_("This listing has already been withdrawn."))
        return self.cleaned_data

    def visits(self) -> VisitQuerySet:
        """Return the visits that withdrawing the listing cancels."""
        return Visit.objects.live().filter(property=self.row).for_reading().order_by("scheduled_date")

    def arguments(self) -> dict[str, Any]:
        return {"listing": self.row}
