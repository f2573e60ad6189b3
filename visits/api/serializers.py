from typing import Any

from django.conf import settings
from rest_framework import serializers

from agents.models import Agent, Engagement
from agents.serializers import AgentCardSerializer, AgentSerializer
from flatmates.serializers import MessageSerializer
from ghar.accounts.models import User
from ghar.api.fields import DayField, IdField, InstantField, LanguageField, StrictSerializer
from properties.serializers import PropertyCardSerializer, PropertySerializer
from visits import permissions
from visits.assignment.explanations import explain_decision
from visits.models import Visit, VisitEvent
from visits.services import MAX_MINUTES, MIN_MINUTES

MAX_SLOT_DAYS = 31
ASSIGN_HINT = "staff assign an agent with POST /visits/{id}/assign."
# A template of REST framework's: its braces are doubled.
STATUS_HINT = "Only confirmed and cancelled can be set; complete a visit with POST /visits/{{id}}/complete."


class PersonSerializer(serializers.ModelSerializer[User]):
    """What others may know of a person."""

    class Meta:
        model = User
        fields = ["id", "full_name", "profile_image_url"]


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """A visit's card, as the one who asks may see it."""

    property_id = serializers.IntegerField()
    property = PropertyCardSerializer()
    user_id = serializers.IntegerField()
    user = PersonSerializer()
    agent_id = serializers.IntegerField(allow_null=True)
    agent = AgentCardSerializer(allow_null=True)
    counterparty_user_id = serializers.IntegerField(allow_null=True)
    counterparty_user = PersonSerializer(allow_null=True)
    conversation_id = serializers.IntegerField(allow_null=True)
    match_id = serializers.IntegerField(allow_null=True)
    visit_notes = serializers.CharField(allow_null=True, help_text="Null to all but its agent and staff.")

    class Meta:
        model = Visit
        fields = [
            "id",
            "visit_context",
            "status",
            "awaiting",
            "property_id",
            "property",
            "user_id",
            "user",
            "agent_id",
            "agent",
            "counterparty_user_id",
            "counterparty_user",
            "conversation_id",
            "match_id",
            "scheduled_date",
            "scheduled_end",
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

    def to_representation(self, instance: Visit) -> dict[str, Any]:
        shown = super().to_representation(instance)
        reader = self.context["request"].user
        if not permissions.can_see_notes(reader, instance):
            shown["visit_notes"] = None
        if shown["agent"] and not permissions.can_see_agent_number(reader, instance):
            shown["agent"]["contact_number"] = None
        return shown


class ActorSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "full_name"]


class VisitEventSerializer(serializers.ModelSerializer[VisitEvent]):
    """What happened. How an agent was chosen (`decisions` in the context) is for agents and staff."""

    TOLD_TO_ALL = frozenset({"agent_id", "from_agent_id", "from", "to", "fields"})

    actor = ActorSerializer(allow_null=True)

    class Meta:
        model = VisitEvent
        fields = ["id", "at", "change", "actor", "from_status", "to_status", "reason", "data"]
        read_only_fields = fields

    def to_representation(self, instance: VisitEvent) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if not self.context["decisions"]:
            shown["data"] = {name: value for name, value in shown["data"].items() if name in self.TOLD_TO_ALL}
        elif why := explain_decision(instance.data):
            shown["data"]["why"] = why
        return shown


class ScheduleSerializer(StrictSerializer):
    shown = VisitSerializer.Meta.fields
    read_only_hints = {"agent_id": ASSIGN_HINT, "agent": ASSIGN_HINT}

    property_id = IdField()
    scheduled_date = InstantField()
    visit_context = serializers.ChoiceField(
        choices=Visit.Context.choices, default=Visit.Context.PROPERTY_TOUR
    )
    counterparty_user_id = IdField(required=False, allow_null=True, help_text="Whom to meet.")
    conversation_id = IdField(required=False, allow_null=True)
    match_id = IdField(required=False, allow_null=True)
    special_requirements = serializers.CharField(max_length=2_000, allow_blank=True, default="")
    duration_minutes = serializers.IntegerField(min_value=MIN_MINUTES, max_value=MAX_MINUTES, required=False)
    user_id = IdField(required=False, help_text="Staff only: whom the visit is booked for.")


class MessageVisitSerializer(serializers.ModelSerializer[Visit]):
    class Meta:
        model = Visit
        fields = ["id", "status", "scheduled_date"]
        read_only_fields = fields


class VisitMessageSerializer(MessageSerializer):
    """A message with how the visit stands to which it invites."""

    visit = MessageVisitSerializer(allow_null=True)

    class Meta(MessageSerializer.Meta):
        fields = ["id", "conversation_id", "sender_id", "body", "kind", "visit", "read_at", "created_at"]


class UpdateSerializer(StrictSerializer):
    shown = VisitSerializer.Meta.fields
    read_only_hints = {
        "agent_id": ASSIGN_HINT,
        "agent": ASSIGN_HINT,
        "version": "send the one that you have read as If-Match.",
    }

    status = serializers.ChoiceField(
        choices=[Visit.Status.CONFIRMED, Visit.Status.CANCELLED],
        required=False,
        error_messages={"invalid_choice": STATUS_HINT},
    )
    scheduled_date = InstantField(required=False)
    special_requirements = serializers.CharField(max_length=2_000, allow_blank=True, required=False)
    visit_notes = serializers.CharField(max_length=5_000, allow_blank=True, required=False)
    visitor_feedback = serializers.CharField(max_length=5_000, allow_blank=True, required=False)
    interest_level = serializers.ChoiceField(choices=Visit.Interest.choices, allow_blank=True, required=False)
    follow_up_required = serializers.BooleanField(required=False)
    follow_up_date = InstantField(allow_null=True, required=False)


class RescheduleSerializer(StrictSerializer):
    new_date = InstantField()
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class CancelSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class CompleteSerializer(StrictSerializer):
    notes = serializers.CharField(max_length=5_000, allow_blank=True, required=False)
    feedback = serializers.CharField(max_length=5_000, allow_blank=True, required=False)
    interest_level = serializers.ChoiceField(choices=Visit.Interest.choices, allow_blank=True, required=False)
    follow_up_date = InstantField(allow_null=True, required=False)


class AssignSerializer(StrictSerializer):
    agent_id = IdField(allow_null=True, required=False, help_text="Absent: automatic. Null: nobody.")
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")
    override = serializers.BooleanField(default=False)


class CandidateSerializer(serializers.Serializer[Any]):
    agent = AgentCardSerializer()
    eligible = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="What is missing.")
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
    urgent = serializers.IntegerField(help_text="Unassigned, and they begin soon.")
    today = serializers.IntegerField(help_text="Not cancelled, by the date where the listing is.")
    by_status = serializers.DictField(child=serializers.IntegerField())
    agents = AgentLoadSerializer(many=True)
    fairness = serializers.FloatField(allow_null=True, help_text="Jain's index; 1 is perfectly fair.")


class SlotQuerySerializer(serializers.Serializer[Any]):
    """`from` and `to` are local dates of the listing, both included."""

    to = DayField()
    duration_minutes = serializers.IntegerField(
        min_value=MIN_MINUTES, max_value=MAX_MINUTES, default=settings.TOUR_MINUTES
    )
    language = LanguageField(required=False)

    def get_fields(self) -> dict[str, Any]:
        return {"from": DayField(), **super().get_fields()}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        days = (given["to"] - given["from"]).days
        if not 0 <= days < MAX_SLOT_DAYS:
            raise serializers.ValidationError({"to": [f"Ask for 1 to {MAX_SLOT_DAYS} days at a time."]})
        return given


class SlotSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    agents_free = serializers.IntegerField()


class SlotsSerializer(serializers.Serializer[Any]):
    timezone = serializers.CharField()
    items = SlotSerializer(many=True)


class PropertyDetailSerializer(PropertySerializer):
    """A listing with the reader's next visit there."""

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


class WorkloadSerializer(serializers.ModelSerializer[Agent]):
    agent_id = serializers.IntegerField(source="id")

    class Meta:
        model = Agent
        fields = ["agent_id", "name", "live_users", "live_visits", "capacity"]
        read_only_fields = fields
