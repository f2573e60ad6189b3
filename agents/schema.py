"""What the OpenAPI document says of the routes of agents. `visits` subclasses their views."""

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_serializer,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers

from agents.serializers import (
    AgentCardSerializer,
    AgentSerializer,
    AvailabilitySerializer,
    DryRunSerializer,
    HoursSerializer,
    StaffAgentSerializer,
    TimeOffSerializer,
)
from agents.views import AgentViewSet
from ghar.api.openapi import FieldAs, nullable_keys, operation, optional_keys

NEW = {
    "name": "Meera Kulkarni",
    "contact_number": "+912240001234",
    "languages": ["mr", "hi", "en"],
    "cities": ["Mumbai"],
    "working_hours": [{"weekday": 0, "opens": "09:00", "closes": "19:00"}],
}
WEEK = {"items": [{"weekday": day, "opens": "09:00", "closes": "19:00"} for day in range(6)]}
SEEN_BY = "The agent himself and staff, those who may only view agents included."
HOLIDAY = {"from": "2026-12-24T00:00:00+05:30", "to": "2026-12-27T00:00:00+05:30", "reason": "Holiday"}

extend_schema_serializer(component_name="Agent")(StaffAgentSerializer)
extend_schema_serializer(component_name="PublicAgent")(AgentSerializer)
# An owner does not get it.
nullable_keys(AgentCardSerializer, "contact_number")
optional_keys(
    StaffAgentSerializer, *(set(StaffAgentSerializer.Meta.fields) - set(AgentSerializer.Meta.fields))
)


class MovedSerializer(serializers.Serializer[Any]):
    """A visit that another agent, or nobody, has now."""

    visit_id = serializers.IntegerField()
    from_agent_id = serializers.IntegerField()
    to_agent_id = serializers.IntegerField(allow_null=True)


def moved(name: str, **fields: Any) -> Any:
    return inline_serializer(name, {**fields, "moved": MovedSerializer(many=True)})


extend_schema_view(
    list=operation(
        "The directory",
        description="Staff see former agents, too, and the fields that are not always there.",
        responses=StaffAgentSerializer(many=True),
    ),
    retrieve=operation("One agent", responses=StaffAgentSerializer),
    create=operation(
        "Add an agent",
        description="Staff only.",
        request=StaffAgentSerializer,
        responses={201: StaffAgentSerializer},
        examples=[OpenApiExample("Meera", NEW, request_only=True)],
    ),
    partial_update=operation(
        "Change an agent",
        description="Staff only. `working_hours` are replaced as a whole. `is_active: false` is the same as "
        "DELETE, which has a `dry_run` to show what would move; here it is refused.",
        request=StaffAgentSerializer,
        responses=StaffAgentSerializer,
    ),
    destroy=operation(
        "Let an agent go",
        description="Staff only. His live visits go to the best other agent, or to the queue. With `dry_run` "
        "nothing changes: the answer is what would move.",
        parameters=[DryRunSerializer],
        responses={200: moved("AgentLeft")},
    ),
    assigned=operation("Your agent", responses=StaffAgentSerializer, codes=["not_found"]),
    availability=operation(
        "Whether an agent takes new visits",
        description="The agent himself and staff. It applies at once and moves nothing.",
        request=AvailabilitySerializer,
        responses=StaffAgentSerializer,
        examples=[OpenApiExample("Away", {"is_available": False}, request_only=True)],
    ),
    hours=operation("An agent's working hours", description=SEEN_BY, responses=HoursSerializer),
    time_off=operation(
        "An agent's time off", description=SEEN_BY, responses=TimeOffSerializer(many=True), filters=False
    ),
    remove_time_off=operation("Give time off back", responses={204: None}),
)(AgentViewSet)
operation(
    "Replace an agent's working hours",
    description="In his time zone. None: 09:00–19:00 every day.",
    request=HoursSerializer,
    responses=HoursSerializer,
    examples=[OpenApiExample("Six days", WEEK, request_only=True)],
)(AgentViewSet.replace_hours)
operation(
    "Take time off",
    description="Live visits in it go to the best other agent, or to the queue. With `dry_run` nothing "
    "changes: 200, `time_off` is null and `moved` is what would move.",
    request=TimeOffSerializer,
    parameters=[DryRunSerializer],
    responses={
        201: moved("TimeOffTaken", time_off=TimeOffSerializer()),
        200: moved("TimeOffTried", time_off=TimeOffSerializer(allow_null=True)),
    },
    examples=[OpenApiExample("Holiday", HOLIDAY, request_only=True)],
)(AgentViewSet.add_time_off)


class TimeOfDayAs(FieldAs):
    target_class = "agents.serializers.TimeOfDayField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        pattern = r"^([01]\d|2[0-3]):[0-5]\d$"
        if direction == "request":
            last = "|24:00(:00)?" if self.target.ends_day else ""
            pattern = rf"^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,6}})?)?{last})$"
        return {"type": "string", "pattern": pattern, "description": "A local time of day such as 09:00."}
