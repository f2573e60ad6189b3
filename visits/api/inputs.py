"""The requests about visits: what clients send."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from ghar.api.fields import (
    DayField,
    IdField,
    InstantField,
    InstantOrDayField,
    LanguageField,
    StrictSerializer,
)
from visits.api.serializers import VisitSerializer
from visits.models import Visit, VisitFeedback
from visits.services import MAX_MINUTES, MIN_MINUTES

MAX_SLOT_DAYS = 31
MAX_LABEL = 60
ASSIGN_HINT = gettext_lazy("staff assign an agent with POST /visits/{id}/assign.")
# REST framework formats this text, so its braces are doubled.
STATUS_HINT = gettext_lazy(
    "Only confirmed and cancelled can be set. Complete a visit with POST /visits/{{id}}/complete."
)


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


class EngageSerializer(StrictSerializer):
    agent_id = IdField(required=False, allow_null=True, help_text="This agent or none. Absent: the best one.")
