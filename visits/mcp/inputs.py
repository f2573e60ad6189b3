"""The arguments of the tools for visits, and their descriptions for assistants."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from agents.mcp import AgentInput
from ghar.api.fields import DayField, IdField, StrictSerializer
from ghar.mcp.arguments import ID_TEXT
from ghar.mcp.pages import PageInput
from ghar.mcp.times import LocalInstantField
from visits.api.inputs import SlotQuerySerializer
from visits.models import Visit
from visits.services import AUTOMATIC, Choice

# What `agent` may be instead of an id. Words, since assistants send null for what they leave out.
BEST, NOBODY = "best", "nobody"
AGENT_WORDS: dict[str, Choice | None] = {BEST: AUTOMATIC, NOBODY: None}

PROPERTY_HELP = "An id from properties_search."
VISIT_HELP = "The id of a visit, as lists and bookings return it."
TIME_HELP = (
    "ISO 8601. Without Z or an offset it is local to the listing: 2026-11-25T11:00 is 11:00 there."
    " Seconds are dropped."
)
REASON_HELP = "The reason in the user's words; the other side sees it in the history. At most 500 characters."


class VisitInput(StrictSerializer):
    visit_id = IdField(help_text=VISIT_HELP)


class ScheduleInput(StrictSerializer):
    property_id = IdField(help_text=PROPERTY_HELP)
    scheduled_date = LocalInstantField(help_text=TIME_HELP)
    notes = serializers.CharField(
        max_length=2_000, allow_blank=True, default="", help_text="What the agency should know beforehand."
    )


class VisitListInput(PageInput):
    status = serializers.ListField(
        child=serializers.ChoiceField(Visit.Status.choices), required=False, help_text="Any of these."
    )


class SlotsInput(StrictSerializer):
    property_id = IdField(help_text=PROPERTY_HELP)
    from_date = DayField(help_text="The first day, YYYY-MM-DD, a local date of the listing.")
    to_date = DayField(help_text="The last day, YYYY-MM-DD; at most 31 days in all.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # REST's rules for the span, where the fields have other names: `from` is no argument in Python.
        try:
            SlotQuerySerializer().validate({"from": attrs["from_date"], "to": attrs["to_date"]})
        except ValidationError as error:
            errors: Any = error.detail
            raise ValidationError({f"{name}_date": sentences for name, sentences in errors.items()}) from None
        return attrs


class RescheduleInput(VisitInput):
    new_date = LocalInstantField(help_text=TIME_HELP)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="", help_text=REASON_HELP)


class ConfirmableInput(VisitInput):
    """The input of a change that the user is asked to confirm."""

    reason = serializers.CharField(max_length=500, allow_blank=True, default="", help_text=REASON_HELP)
    dry_run = serializers.BooleanField(
        default=False, help_text="true: show what would happen, and change nothing."
    )
    confirm = serializers.BooleanField(
        default=False,
        help_text="true once the user has agreed. Needed only where the client can't ask the user itself.",
    )


@extend_schema_field(
    {"anyOf": [{"type": "string", "enum": [BEST, NOBODY]}, {"type": "integer", "minimum": 1}, ID_TEXT]}
)
class AgentChoiceField(serializers.Field[int | Choice | None, Any, Any, Any]):
    """An id, or a word: None for NOBODY, and AUTOMATIC for BEST."""

    def to_internal_value(self, data: Any) -> int | Choice | None:
        word = data.strip().lower() if isinstance(data, str) else ""
        if word in AGENT_WORDS:
            return AGENT_WORDS[word]
        try:
            agent_id: int = IdField().run_validation(data)
        except ValidationError:
            raise ValidationError(f'Give "{BEST}", "{NOBODY}" or an id from agent_candidates.') from None
        return agent_id


class AssignInput(ConfirmableInput):
    agent = AgentChoiceField(
        required=False,
        help_text=(
            f'"{BEST}" (the same as leaving it out), "{NOBODY}" to unassign the present agent, or an id from'
            " agent_candidates."
        ),
    )
    agent_id = IdField(
        required=False, help_text="The old name of agent, for an id. Null is the same as leaving it out."
    )
    reason = serializers.CharField(
        max_length=500,
        allow_blank=True,
        default="",
        help_text="For the people of the visit, who read it in the history. At most 500 characters.",
    )
    note = serializers.CharField(
        max_length=500,
        allow_blank=True,
        default="",
        help_text="For agents and staff alone. To replace an agent by another one, a reason or a note is"
        " required. At most 500 characters.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        agent_id = attrs.pop("agent_id", None)
        agent = attrs.setdefault("agent", agent_id or AUTOMATIC)
        if agent_id is not None and agent != agent_id:
            raise ValidationError({"agent_id": "It names another choice than agent does. Give agent alone."})
        return attrs


class AgentVisitsInput(AgentInput, PageInput):
    day = DayField(
        required=False,
        help_text="YYYY-MM-DD, a local date of the agent. With it, all visits of the agent on that day.",
    )
