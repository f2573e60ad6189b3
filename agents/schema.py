"""OpenAPI descriptions of the serializers of agents, and of the routes in `agents.views`."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer, extend_schema_view

from agents import views
from agents.serializers import (
    AgentCardSerializer,
    AgentSerializer,
    AvailabilitySerializer,
    HoursSerializer,
    StaffAgentSerializer,
)
from ghar.api.openapi import FieldSchema, nullable_keys, operation, optional_keys, request_example

WEEK_EXAMPLE = {"items": [{"weekday": day, "opens": "09:00", "closes": "19:00"} for day in range(6)]}

extend_schema_serializer(component_name="Agent")(StaffAgentSerializer)
extend_schema_serializer(component_name="PublicAgent")(AgentSerializer)
# The owner of a listing gets no number of the agent who shows it.
nullable_keys(AgentCardSerializer, "contact_number")
optional_keys(
    StaffAgentSerializer, *(set(StaffAgentSerializer.Meta.fields) - set(AgentSerializer.Meta.fields))
)

extend_schema_view(
    get=operation("Get your agent", responses=StaffAgentSerializer, codes=["not_found"]),
)(views.AssignedAgentView)
extend_schema_view(
    get=operation(
        "Get your own entry", description="For agents.", responses=StaffAgentSerializer, codes=["not_found"]
    ),
)(views.OwnAgentView)
extend_schema_view(
    availability=operation(
        "Set whether an agent takes new visits",
        description="For the agent and staff. It applies immediately; existing visits stay.",
        request=AvailabilitySerializer,
        responses=StaffAgentSerializer,
        examples=[request_example("Away", {"is_available": False})],
    ),
    hours=operation(
        "Get an agent's working hours",
        description="For the agent and staff, including staff who may only view agents.",
        responses=HoursSerializer,
    ),
)(views.AgentAvailabilityViewSet)
operation(
    "Replace an agent's working hours",
    description=(
        "In the agent's time zone. An empty list means 09:00–19:00 every day. `closes` 24:00, 00:00 or 23:59"
        " is midnight at the end of the day, and is returned as 00:00."
    ),
    request=HoursSerializer,
    responses=HoursSerializer,
    examples=[request_example("Six days", WEEK_EXAMPLE)],
)(views.AgentAvailabilityViewSet.replace_hours)


class TimeOfDaySchema(FieldSchema):
    target_class = "agents.serializers.TimeOfDayField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        pattern = r"^([01]\d|2[0-3]):[0-5]\d$"
        if direction == "request":
            midnight = "|24:00(:00)?" if self.target.ends_day else ""
            pattern = rf"^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,6}})?)?{midnight})$"
        return {"type": "string", "pattern": pattern, "description": "A local time of day such as 09:00."}
