from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.models import Agent, Engagement
from agents.serializers import AgentCardSerializer, AgentSerializer
from flatmates.models import Message
from ghar.accounts.models import User
from ghar.accounts.serializers import PersonSerializer
from ghar.api.fields import (
    DayField,
    IdField,
    InstantField,
    InstantOrDayField,
    LanguageField,
    StrictSerializer,
)
from properties.serializers import PropertyCardSerializer, PropertySerializer
from visits import permissions
from visits.assignment.explanations import explain_decision
from visits.models import Visit, VisitEvent, VisitFeedback
from visits.services import MAX_MINUTES, MIN_MINUTES

MAX_SLOT_DAYS = 31
MAX_LABEL = 60
ASSIGN_HINT = gettext_lazy("staff assign an agent with POST /visits/{id}/assign.")
# REST framework formats this text, so its braces are doubled.
STATUS_HINT = gettext_lazy(
    "Only confirmed and cancelled can be set. Complete a visit with POST /visits/{{id}}/complete."
)


class FeedbackMixin:
    """A field of feedback: the reader's own, or to the agency the visitor's."""

    field_name: str | None
    context: dict[str, Any]

    def get_attribute(self, visit: Visit) -> str:
        rows = permissions.readable_feedback(self.context["request"].user, visit)
        values: Iterator[str] = (getattr(row, str(self.field_name)) for row in rows)
        return next(filter(None, values), "")


class FeedbackTextField(FeedbackMixin, serializers.CharField):
    pass


class FeedbackChoiceField(FeedbackMixin, serializers.ChoiceField):
    pass


class VisitAgentSerializer(AgentCardSerializer):
    """The agent of a visit; all but OUTLINE is null or empty to the listing's owner."""

    OUTLINE = frozenset({"id", "name", "avatar_url"})

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for name in fields.keys() - self.OUTLINE - {"languages"}:
            fields[name].allow_null = True
        return fields


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """A visit with the fields that the current user may see. The queryset needs `for_reading()`.

    The listing's owner reads OUTLINE, and all other keys as null: a new field is none of their business until
    it is added there.
    """

    OUTLINE = frozenset(
        {
            "id",
            "visit_context",
            "status",
            "property_id",
            "property_title",
            "property",
            "agent",
            "scheduled_date",
            "scheduled_end",
            "version",
        }
    )

    property_id = serializers.IntegerField()
    property_title = serializers.CharField(source="property.title")
    property = PropertyCardSerializer()
    user_id = serializers.IntegerField()
    user = PersonSerializer()
    agent_id = serializers.IntegerField(allow_null=True)
    agent_name = serializers.CharField(source="agent.name", default=None, allow_null=True)
    agent = VisitAgentSerializer(allow_null=True)
    counterparty_user_id = serializers.IntegerField(allow_null=True)
    counterparty_user = PersonSerializer(allow_null=True)
    conversation_id = serializers.IntegerField(allow_null=True)
    match_id = serializers.IntegerField(allow_null=True)
    visit_notes = serializers.CharField(allow_null=True, help_text="Null except for the agent and staff.")
    visitor_feedback = FeedbackTextField(help_text="Your own; to the agency the visitor's.")
    interest_level = FeedbackChoiceField(
        choices=VisitFeedback.Interest.choices,
        allow_blank=True,
        help_text="Your own; to the agency the visitor's.",
    )

    class Meta:
        model = Visit
        fields = [
            "id",
            "visit_context",
            "status",
            "awaiting",
            "property_id",
            "property_title",
            "property",
            "user_id",
            "user",
            "agent_id",
            "agent_name",
            "agent",
            "counterparty_user_id",
            "counterparty_user",
            "conversation_id",
            "match_id",
            "scheduled_date",
            "scheduled_end",
            "time_slot_label",
            "actual_date",
            "special_requirements",
            "visit_notes",
            "visitor_feedback",
            "interest_level",
            "follow_up_required",
            "follow_up_date",
            "cancellation_reason",
            "rescheduled_from",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for name in set(self.Meta.fields) - self.OUTLINE:
            fields[name].allow_null = True
        return fields

    def to_representation(self, instance: Visit) -> dict[str, Any]:
        data = super().to_representation(instance)
        user = self.context["request"].user
        if not permissions.can_read(user, instance):
            return self.outline(data)
        if not permissions.can_see_notes(user, instance):
            data["visit_notes"] = None
        return data

    def outline(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the same keys, with what is not for the listing's owner left empty."""
        shown = {name: value if name in self.OUTLINE else None for name, value in data.items()}
        if agent := shown["agent"]:
            known = {name: agent[name] for name in VisitAgentSerializer.OUTLINE}
            shown["agent"] = {**dict.fromkeys(agent), "languages": [], **known}
        return shown


class WarnedVisitSerializer(VisitSerializer):
    """The visit after a change that its agent may not have survived."""

    warnings = serializers.SerializerMethodField(help_text="`no_agent`: nobody shows this tour.")

    class Meta(VisitSerializer.Meta):
        fields = [*VisitSerializer.Meta.fields, "warnings"]
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "string", "enum": ["no_agent"]}})
    def get_warnings(self, visit: Visit) -> list[str]:
        return ["no_agent"] if visit.lacks_agent() else []


class ActorSerializer(serializers.ModelSerializer[User]):
    id = serializers.IntegerField(allow_null=True, help_text="Null for the agency.")

    class Meta:
        model = User
        fields = ["id", "full_name"]


class VisitEventSerializer(serializers.ModelSerializer[VisitEvent]):
    """A history row for the reader of the context's `visit`.

    Notes, data and the names of staff and agents are for the agency; how an agent was chosen, for staff.
    """

    AGENTS_DATA = frozenset({"agent_id", "from_agent_id", "from", "to", "fields"})

    actor = ActorSerializer(allow_null=True)
    note = serializers.CharField(allow_null=True, help_text="Null except for the agent and staff.")

    class Meta:
        model = VisitEvent
        fields = ["id", "at", "change", "actor", "from_status", "to_status", "reason", "note", "data"]
        read_only_fields = fields
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "data": {"allow_null": True, "help_text": "Null except for the agent and staff."}
        }

    def to_representation(self, instance: VisitEvent) -> dict[str, Any]:
        row = super().to_representation(instance)
        reader, visit = self.context["request"].user, self.context["visit"]
        if not permissions.can_see_notes(reader, visit):
            row |= {"note": None, "data": None}
            if permissions.acts_for_agency(instance.actor, visit):
                row["actor"] = {"id": None, "full_name": _("The agency")}
        elif not permissions.can_see_decisions(reader, visit):
            row["data"] = {name: value for name, value in row["data"].items() if name in self.AGENTS_DATA}
        elif why := explain_decision(instance.data):
            # Worded when it is read, in the reader's language; the history keeps only the data.
            row["data"]["why"] = why
        return row


class ScheduleSerializer(StrictSerializer):
    ignores_unknown = True
    response_fields = VisitSerializer.Meta.fields
    read_only_hints = {"agent_id": ASSIGN_HINT, "agent": ASSIGN_HINT}

    property_id = IdField()
    scheduled_date = InstantOrDayField()
    time_slot_label = serializers.CharField(max_length=MAX_LABEL, allow_blank=True, default="")
    visit_context = serializers.ChoiceField(
        choices=Visit.Context.choices, default=Visit.Context.PROPERTY_TOUR
    )
    counterparty_user_id = IdField(
        required=False,
        allow_null=True,
        help_text="The user to meet. With it the visit is a meet whatever visit_context says.",
    )
    conversation_id = IdField(required=False, allow_null=True)
    match_id = IdField(required=False, allow_null=True)
    special_requirements = serializers.CharField(max_length=2_000, allow_blank=True, default="")
    duration_minutes = serializers.IntegerField(min_value=MIN_MINUTES, max_value=MAX_MINUTES, required=False)
    user_id = IdField(required=False, help_text="Staff only: the user to book for.")


class MessageVisitSerializer(serializers.ModelSerializer[Visit]):
    class Meta:
        model = Visit
        fields = ["id", "status", "scheduled_date"]
        read_only_fields = fields


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message. An invitation shows its visit, which the view sets on the instance."""

    conversation_id = serializers.IntegerField()
    sender_id = serializers.IntegerField()
    visit = MessageVisitSerializer(allow_null=True)
    read_at = InstantField(allow_null=True)
    created_at = InstantField()

    class Meta:
        model = Message
        fields = ["id", "conversation_id", "sender_id", "body", "kind", "visit", "read_at", "created_at"]
        read_only_fields = fields


class UpdateSerializer(StrictSerializer):
    response_fields = VisitSerializer.Meta.fields
    read_only_hints = {
        "agent_id": ASSIGN_HINT,
        "agent": ASSIGN_HINT,
    }

    version = serializers.IntegerField(
        min_value=1,
        required=False,
        allow_null=True,
        help_text="The version that you have read: the same condition as If-Match.",
    )
    status = serializers.ChoiceField(
        choices=[Visit.Status.CONFIRMED, Visit.Status.CANCELLED],
        required=False,
        error_messages={"invalid_choice": STATUS_HINT},
    )
    scheduled_date = InstantOrDayField(required=False)
    time_slot_label = serializers.CharField(max_length=MAX_LABEL, allow_blank=True, required=False)
    special_requirements = serializers.CharField(max_length=2_000, allow_blank=True, required=False)
    visit_notes = serializers.CharField(max_length=5_000, allow_blank=True, required=False)
    visitor_feedback = serializers.CharField(max_length=5_000, allow_blank=True, required=False)
    interest_level = serializers.ChoiceField(
        choices=VisitFeedback.Interest.choices, allow_blank=True, required=False
    )
    follow_up_required = serializers.BooleanField(required=False)
    follow_up_date = InstantField(allow_null=True, required=False)


class WhySerializer(StrictSerializer):
    reason = serializers.CharField(
        max_length=500, allow_blank=True, default="", help_text="For the people of the visit, who read it."
    )
    note = serializers.CharField(
        max_length=500, allow_blank=True, default="", help_text="From the agency and for it alone."
    )


class RescheduleSerializer(WhySerializer):
    new_date = InstantOrDayField()
    time_slot_label = serializers.CharField(max_length=MAX_LABEL, allow_blank=True, required=False)


class CancelSerializer(WhySerializer):
    pass


class CompleteSerializer(StrictSerializer):
    agent_id = IdField(
        required=False,
        allow_null=True,
        help_text="Staff only: the agent who showed the tour. Required if it has none.",
    )
    notes = serializers.CharField(max_length=5_000, allow_blank=True, required=False)
    feedback = serializers.CharField(max_length=5_000, allow_blank=True, required=False)
    interest_level = serializers.ChoiceField(
        choices=VisitFeedback.Interest.choices, allow_blank=True, required=False
    )
    follow_up_date = InstantField(allow_null=True, required=False)


class AssignSerializer(WhySerializer):
    agent_id = IdField(allow_null=True, required=False, help_text="Absent: the best agent. Null: no agent.")
    override = serializers.BooleanField(default=False)


class CandidateSerializer(serializers.Serializer[Any]):
    agent = AgentCardSerializer()
    eligible = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why the agent is not eligible.")
    load = serializers.FloatField(help_text="Live visits per unit of capacity.")
    rank = serializers.IntegerField()
    explanation = serializers.CharField()


class AgentLoadSerializer(serializers.Serializer[Any]):
    agent_id = serializers.IntegerField()
    name = serializers.CharField()
    live_visits = serializers.IntegerField()
    capacity = serializers.IntegerField(allow_null=True)


class StatsSerializer(serializers.Serializer[Any]):
    unassigned = serializers.IntegerField()
    urgent = serializers.IntegerField(help_text="Unassigned visits that begin soon.")
    today = serializers.IntegerField(help_text="Not cancelled, by the local date of the listing.")
    by_status = serializers.DictField(child=serializers.IntegerField())
    agents = AgentLoadSerializer(many=True)
    fairness = serializers.FloatField(allow_null=True, help_text="Jain's index; 1 is perfectly fair.")


class SlotQuerySerializer(serializers.Serializer[Any]):
    """`from` and `to` are local dates of the listing, and both are included."""

    to = DayField()
    duration_minutes = serializers.IntegerField(
        min_value=MIN_MINUTES, max_value=MAX_MINUTES, default=settings.TOUR_MINUTES
    )
    language = LanguageField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a keyword of Python, so no class attribute can have this name.
        return {"from": DayField(), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        days = (attrs["to"] - attrs["from"]).days
        if not 0 <= days < MAX_SLOT_DAYS:
            message = _("Choose a range of 1 to %(limit)d days.") % {"limit": MAX_SLOT_DAYS}
            raise serializers.ValidationError({"to": [message]})
        return attrs


class SlotSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    agents_free = serializers.IntegerField()


class SlotsSerializer(serializers.Serializer[Any]):
    timezone = serializers.CharField()
    items = SlotSerializer(many=True)


class PropertyDetailSerializer(PropertySerializer):
    """A listing with the current user's next visit there."""

    next_visit_date = serializers.DateTimeField(allow_null=True)

    class Meta(PropertySerializer.Meta):
        fields = [*PropertySerializer.Meta.fields, "next_visit_date"]


class EngageSerializer(StrictSerializer):
    agent_id = IdField(required=False, allow_null=True, help_text="This agent or none. Absent: the best one.")


class EngagementSerializer(serializers.ModelSerializer[Engagement]):
    user_id = serializers.IntegerField(source="seeker_id")
    agent = AgentSerializer()
    assigned_at = serializers.DateTimeField(source="started_at")
    assignment_reason = serializers.CharField(source="reason")

    class Meta:
        model = Engagement
        fields = ["user_id", "agent", "assigned_at", "assignment_reason"]
        read_only_fields = fields


class ReassignmentSerializer(serializers.Serializer[Any]):
    """A visit of an absent agent, and the agent who shows it now, or null if it is unassigned."""

    visit_id = serializers.IntegerField()
    from_agent_id = serializers.IntegerField()
    to_agent_id = serializers.IntegerField(allow_null=True)


class WorkloadSerializer(serializers.ModelSerializer[Agent]):
    agent_id = serializers.IntegerField(source="id")

    class Meta:
        model = Agent
        fields = ["agent_id", "name", "live_users", "live_visits", "capacity"]
        read_only_fields = fields
