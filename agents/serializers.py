"""Agents as JSON: output for all users, input from staff and from the agent."""

import re
from datetime import time
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from agents.models import Agent
from agents.permissions import VIEW_AGENT
from ghar.api.fields import (
    MODEL_FIELDS,
    IdField,
    InstantField,
    LanguageField,
    LineField,
    NameField,
    NumberField,
    StrictSerializer,
    TimezoneField,
)
from ghar.staff import has_staff_perm

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from ghar.accounts.models import User

TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(:[0-5]\d(\.\d{1,6})?)?", re.ASCII)
# Enough for shifts of a quarter of an hour with a break after each.
MAX_SHIFTS = 7 * 48


class TimeOfDayField(serializers.Field[time, Any, str, Any]):
    """A time of day such as 09:00. Seconds are dropped.

    With `ends_day`, it also takes 24:00 for the midnight at the end of the day; output is always 00:00.
    `agents.hours` takes 23:59 for it as well.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": _("Enter a time of day such as 09:00.")}

    def __init__(self, *, ends_day: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ends_day = ends_day

    def to_internal_value(self, data: Any) -> time:
        if self.ends_day and data in ("24:00", "24:00:00"):
            return time(0)
        found = TIME_OF_DAY.fullmatch(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid")
        return time(int(found[1]), int(found[2]))

    def to_representation(self, value: time) -> str:
        return f"{value:%H:%M}"


class ShiftSerializer(StrictSerializer):
    weekday = serializers.IntegerField(min_value=0, max_value=6)
    opens = TimeOfDayField()
    closes = TimeOfDayField(ends_day=True)

    def to_internal_value(self, data: Any) -> Any:
        """Require all fields of a row, also in a PATCH of the agent."""
        row = super().to_internal_value(data)
        missing = self.fields.keys() - row.keys()
        if missing:
            raise ValidationError({name: [self.fields[name].error_messages["required"]] for name in missing})
        return row


class HoursSerializer(StrictSerializer):
    # The stubs don't know the arguments that `many` adds.
    items = ShiftSerializer(many=True, max_length=MAX_SHIFTS)  # type: ignore[call-arg]


class AgentCardSerializer(serializers.ModelSerializer[Agent]):
    """An agent as part of a visit."""

    user_satisfaction_rating = NumberField(max_digits=3, read_only=True)

    class Meta:
        model = Agent
        fields = (
            "id",
            "name",
            "contact_number",
            "avatar_url",
            "languages",
            "agent_type",
            "user_satisfaction_rating",
        )
        read_only_fields = fields


class AgentSerializer(StrictSerializer, serializers.ModelSerializer[Agent]):
    """An entry of the directory."""

    serializer_field_mapping = MODEL_FIELDS
    contact_number = LineField(max_length=40, allow_blank=True, required=False)
    languages = serializers.ListField(child=LanguageField(), max_length=20, required=False)
    cities = serializers.ListField(child=NameField(max_length=80), max_length=100, required=False)
    timezone = TimezoneField(required=False)
    user_satisfaction_rating = NumberField(max_digits=3, read_only=True)
    working_hours = ShiftSerializer(many=True, required=False, max_length=MAX_SHIFTS)  # type: ignore[call-arg]
    created_at = InstantField(read_only=True)

    class Meta:
        model = Agent
        fields: tuple[str, ...] = (
            "id",
            "name",
            "description",
            "contact_number",
            "avatar_url",
            "languages",
            "agent_type",
            "experience_level",
            "cities",
            "serves_everywhere",
            "timezone",
            "is_active",
            "is_available",
            "user_satisfaction_rating",
            "working_hours",
            "created_at",
        )


class StaffAgentSerializer(AgentSerializer):
    """An entry with the fields that only staff see. Staff write fields under the same names."""

    ignores_unknown = True

    user_id = IdField(allow_null=True, required=False)

    class Meta(AgentSerializer.Meta):
        fields = (
            *AgentSerializer.Meta.fields,
            "user_id",
            "capacity",
            "live_users",
            "live_visits",
            "total_users_assigned",
        )
        read_only_fields = ("live_users", "live_visits", "total_users_assigned")


def serializer_for(user: "User | AnonymousUser") -> type[AgentSerializer]:
    """Return the serializer with the fields of agents that the user may see."""
    return StaffAgentSerializer if has_staff_perm(user, VIEW_AGENT) else AgentSerializer


class AvailabilitySerializer(StrictSerializer):
    is_available = serializers.BooleanField()


class TimeOffSerializer(StrictSerializer):
    ignores_unknown = True
    # Ignored, it would do what the client only wants to see.
    response_fields = ("time_off", "moved", "dry_run")
    read_only_hints = {"dry_run": _("send it as a parameter of the URL.")}

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a keyword of Python, so no class attribute can have this name.
        return {
            "id": serializers.IntegerField(read_only=True),
            "from": InstantField(source="period.lower"),
            "to": InstantField(source="period.upper"),
            "reason": LineField(max_length=200, allow_blank=True, default=""),
            "created_at": InstantField(read_only=True),
        }


class DryRunSerializer(serializers.Serializer[Any]):
    """`?dry_run=true` returns what would happen, and changes nothing."""

    dry_run = serializers.BooleanField(
        default=False, help_text="Return what would happen, and change nothing."
    )
