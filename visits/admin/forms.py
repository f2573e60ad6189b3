"""What staff fill in: one form for each act on a visit. `given()` is what the service is called with."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from agents.models import Agent
from ghar.accounts.models import User
from properties.models import Property
from visits import services
from visits.admin.fields import LocalDateTimeField, OfficeDateTimeField, autocomplete_field, localize
from visits.assignment import explanations
from visits.assignment.candidates import Candidate, rank_candidates
from visits.models import Visit
from visits.scheduling.eligibility import REASONS

AUTOMATIC, NOBODY, LEAVE = "auto", "none", "leave"
AGENT_GONE = "There is no such agent, or none any more."


class VisitActionForm(forms.Form):
    """`time_field` is what one of the free times goes into that a refusal names."""

    time_field = ""

    def __init__(self, *args: Any, visit: Visit, **kwargs: Any) -> None:
        self.visit = visit
        super().__init__(*args, **kwargs)

    def given(self) -> dict[str, Any]:
        return self.cleaned_data


class NotesForm(forms.ModelForm):
    """What staff write down on a visit's page, with the version that they have read."""

    read_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "read_version" in self.fields:
            self.fields["read_version"].initial = self.instance.version

    def clean_read_version(self) -> int | None:
        version = self.cleaned_data["read_version"]
        if version not in (None, self.instance.version):
            # Who saves again has been warned.
            self.data = {**self.data, "read_version": self.instance.version}
            raise ValidationError(
                "Somebody has changed the visit meanwhile: look at its history, then save again."
            )
        return version


class ConfirmForm(VisitActionForm):
    pass


class CancelForm(VisitActionForm):
    reason = forms.CharField(max_length=500, required=False, help_text="Visitor and agent read it.")


class RescheduleForm(VisitActionForm):
    time_field = "new_date"

    new_date = LocalDateTimeField(label="New time")
    reason = forms.CharField(max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.visit.property.timezone
        self.fields["new_date"].help_text = f"As the clocks at the listing show it ({zone})."
        self.fields["new_date"].initial = self.visit.scheduled_date.astimezone(ZoneInfo(zone)).replace(
            tzinfo=None
        )

    def clean_new_date(self) -> datetime:
        return localize(self.visit.property.timezone, self.cleaned_data["new_date"])


class CompleteForm(VisitActionForm):
    notes = forms.CharField(
        max_length=5_000, required=False, widget=forms.Textarea, help_text="Agents and staff only."
    )
    feedback = forms.CharField(
        label="Visitor's feedback", max_length=5_000, required=False, widget=forms.Textarea
    )
    interest_level = forms.ChoiceField(
        label="Visitor's interest", choices=[("", "not known"), *Visit.Interest.choices], required=False
    )
    follow_up_date = OfficeDateTimeField(label="Follow up", required=False)

    def given(self) -> dict[str, Any]:
        """What is left empty stays as it is."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class AssignForm(VisitActionForm):
    """The candidates are shown as a table; `agent` takes any of them, the best, or nobody."""

    agent = forms.ChoiceField()
    reason = forms.CharField(
        max_length=500, required=False, help_text="Needed when one agent takes over from another."
    )
    override = forms.BooleanField(
        label="In spite of hours, time off, city or load", required=False, help_text="Needs a reason."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidates = rank_candidates(self.visit)
        choices = [*SPECIAL_CHOICES, *((str(each.agent.pk), each.agent.name) for each in self.candidates)]
        self.fields["agent"] = forms.ChoiceField(
            choices=choices, error_messages={"required": "Choose an agent.", "invalid_choice": AGENT_GONE}
        )

    def picked(self) -> str:
        """Whose row is ticked: the one sent, else the best one for a visit without an agent."""
        if self.is_bound:
            return self["agent"].value() or ""
        best = next((each for each in self.candidates if each.proposed), None)
        return str(best.agent.pk) if best and not self.visit.agent_id else ""

    def rows(self) -> list[tuple[Candidate, bool, bool]]:
        """Each candidate, whether he is ticked, and whether he can be had at all."""
        picked = self.picked()
        return [
            (each, str(each.agent.pk) == picked, all(REASONS[name].overridable for name in each.reasons))
            for each in self.candidates
        ]

    def given(self) -> dict[str, Any]:
        rest = dict(self.cleaned_data)
        return {"agent_id": agent_argument(rest.pop("agent")), **rest}


SPECIAL_CHOICES = {AUTOMATIC: "The best who is free", NOBODY: "Nobody"}.items()


def agent_argument(choice: str) -> Any:
    """What the service calls an agent chosen by a form."""
    special = {AUTOMATIC: services.AUTOMATIC, NOBODY: None}
    return special[choice] if choice in special else int(choice)


class AssignManyForm(forms.Form):
    """Who would be assigned to whom: a row for each visit, and one choice that stands for all."""

    everyone = forms.ChoiceField(label="Give all of them to", required=False)
    reason = forms.CharField(
        max_length=500, required=False, help_text="Needed where one agent takes over from another."
    )

    def __init__(self, *args: Any, visits: Iterable[Visit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.visits = list(visits)
        employed = Agent.objects.filter(is_active=True).order_by("name", "pk").values_list("pk", "name")
        by_name = [(str(pk), name) for pk, name in employed]
        for visit in self.visits:
            self.fields[row_name(visit)] = forms.ChoiceField(
                choices=row_choices(visit, by_name), error_messages={"invalid_choice": AGENT_GONE}
            )
        self.fields["everyone"] = forms.ChoiceField(
            label="Give all of them to",
            required=False,
            choices=[("", "as chosen below"), (AUTOMATIC, "the best who is free, one by one"), *by_name],
            error_messages={"invalid_choice": AGENT_GONE},
        )

    def propose(self) -> None:
        """Put whoever can take a visit first, and tick the best. Costs queries a visit, and only a page
        that is shown needs it."""
        proposed = Proposals()
        for visit in self.visits:
            candidates = rank_candidates(visit)
            field: Any = self.fields[row_name(visit)]
            field.choices = row_choices(
                visit, [(str(each.agent.pk), candidate_label(each)) for each in candidates]
            )
            field.initial = proposed.pick(visit, candidates)

    def rows(self) -> list[tuple[Visit, forms.BoundField]]:
        return [(visit, self[row_name(visit)]) for visit in self.visits]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        named = [visit for visit, agent_id in self.wanted() if isinstance(agent_id, int)]
        if not given.get("reason") and any(visit.agent_id for visit in named):
            self.add_error("reason", "Say why a visit goes from one agent to another.")
        return given

    def wanted(self) -> list[tuple[Visit, Any]]:
        """The visits to be assigned, and to whom."""
        everyone = self.cleaned_data.get("everyone")
        chosen = [(visit, everyone or self.cleaned_data.get(row_name(visit), LEAVE)) for visit in self.visits]
        return [
            (visit, agent_argument(choice))
            for visit, choice in chosen
            if choice not in (LEAVE, str(visit.agent_id))
        ]


def row_name(visit: Visit) -> str:
    return f"agent_{visit.pk}"


def row_choices(visit: Visit, agents: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    present = f"leave it with {visit.agent}" if visit.agent else "leave it without an agent"
    return [
        (LEAVE, present),
        (AUTOMATIC, "the best who is free when it is its turn"),
        *agents,
    ]


def candidate_label(candidate: Candidate) -> str:
    """An agent with his load and whether he is free, in one line."""
    agent = candidate.agent
    load = f"{agent.live_visits} of {agent.capacity}" if agent.capacity else agent.live_visits
    state = (
        "free" if candidate.eligible else explanations.explain_reasons(candidate.reasons).lower().rstrip(".")
    )
    if candidate.eligible and not candidate.proposed:
        state = f"free. {explanations.previously_unassigned_text()}"
    return f"{agent.name} · {load} visits · {state}"


class Proposals:
    """The best agent for each visit in turn, who isn't proposed for another listing meanwhile."""

    def __init__(self) -> None:
        self.made: list[tuple[int, Visit]] = []

    def pick(self, visit: Visit, candidates: Iterable[Candidate]) -> str:
        if visit.agent_id:
            return LEAVE
        for each in candidates:
            if each.proposed and not self.is_promised(each.agent.pk, visit):
                self.made.append((each.agent.pk, visit))
                return str(each.agent.pk)
        return LEAVE

    def is_promised(self, agent: int, visit: Visit) -> bool:
        return any(
            promised == agent
            and other.property_id != visit.property_id
            and other.busy.lower < visit.busy.upper
            and visit.busy.lower < other.busy.upper
            for promised, other in self.made
        )


class BookForm(forms.Form):
    time_field = "scheduled_date"

    user = autocomplete_field(User.objects.all(), "user", label="Visitor")
    listing = autocomplete_field(Property.objects.all(), "property")
    scheduled_date = LocalDateTimeField(label="Time", help_text="As the clocks at the listing show it.")
    duration_minutes = forms.IntegerField(label="Minutes", required=False, help_text="Empty: the usual.")
    special_requirements = forms.CharField(max_length=2_000, required=False, widget=forms.Textarea)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if {"listing", "scheduled_date"} <= given.keys():
            self.place_time(given, given["listing"].timezone)
        return given

    def place_time(self, given: dict[str, Any], zone: str) -> None:
        try:
            given["scheduled_date"] = localize(zone, given["scheduled_date"])
        except ValidationError as error:
            self.add_error("scheduled_date", error)

    def given(self) -> dict[str, Any]:
        rest = dict(self.cleaned_data)
        return {"property_id": rest.pop("listing").pk, **rest}


class EngagementForm(forms.Form):
    agent = autocomplete_field(Agent.objects.all(), "agent")
    reason = forms.CharField(max_length=200)


class DismissForm(forms.Form):
    """Nothing to fill in: it only asks whether one is sure."""

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        self.agent = agent
        super().__init__(*args, **kwargs)

    def given(self) -> dict[str, Any]:
        return {}


class TimeOffForm(DismissForm):
    starts = LocalDateTimeField(label="From")
    ends = LocalDateTimeField(label="To")
    reason = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends"].help_text = f"By the agent's clock ({self.agent.timezone})."

    def clean_starts(self) -> datetime:
        return localize(self.agent.timezone, self.cleaned_data["starts"])

    def clean_ends(self) -> datetime:
        return localize(self.agent.timezone, self.cleaned_data["ends"])

    def given(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {"from_": given["starts"], "to": given["ends"], "reason": given["reason"]}
