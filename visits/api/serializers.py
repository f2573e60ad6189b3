from collections.abc import Iterator
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.models import Agent, Engagement
from agents.serializers import AgentCardSerializer, AgentSerializer
from flatmates.models import Message
from ghar.accounts.models import User
from ghar.accounts.serializers import PersonSerializer
from ghar.api.fields import (
    InstantField,
)
from properties.serializers import PropertyCardSerializer, PropertySerializer
from visits import permissions
from visits.assignment.explanations import explain_decision
from visits.models import Visit, VisitEvent, VisitFeedback


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
