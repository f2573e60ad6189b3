"""The tools for agents, and the MCP server of the agency: staff and agents."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from agents import services
from agents.filters import AgentFilter
from agents.models import Agent
from agents.permissions import ManagesAgent
from agents.serializers import StaffAgentSerializer, serializer_for
from ghar.api.fields import IdField, LanguageField, StrictSerializer
from ghar.mcp.pages import PageInput, list_page, page_serializer
from ghar.mcp.server import ToolRequest, ToolServer, tool


def allows_agency(user: Any) -> bool:
    """Return whether the user is staff or an employed agent."""
    return user.is_staff or Agent.objects.filter(user=user, is_active=True).exists()


agency_server = ToolServer(
    allows=allows_agency,
    name="ghar-visits-agency",
    title="Ghar visits for the agency",
    description="See agents and their workload, and assign visits to agents.",
    instructions=(
        "For staff who assign visits, and for agents. agent_unassigned_visits is the queue,"
        " agent_candidates says who can take a visit and why others can't, agent_assign_visit assigns it."
        " A day is a local date of the agent; results give times in UTC and as local times of the listing."
        " Errors start with a code and say what to do next. Agents reschedule and cancel their own visits at"
        " /mcp."
    ),
)


class AgentListInput(PageInput):
    agent_type = serializers.ChoiceField(
        Agent.Type.choices, required=False, help_text="Only agents of this type."
    )
    language = LanguageField(required=False, help_text="ISO 639-1, such as mr: agents who speak it.")
    city = serializers.CharField(
        max_length=80, required=False, help_text="Agents who serve this city. Case does not matter."
    )


class AgentInput(StrictSerializer):
    agent_id = IdField(help_text="An id from agent_list.")


class AvailabilityInput(AgentInput):
    is_available = serializers.BooleanField(help_text="Whether the agent takes new visits from now on.")


@tool(
    agency_server,
    description="List the employed agents by name, with languages, cities and, for staff, their workload.",
    input=AgentListInput,
    output=page_serializer(StaffAgentSerializer)(),
)
def agent_list(request: ToolRequest, **arguments: Any) -> dict[str, Any]:
    return list_page(
        request,
        Agent.objects.visible_to(request.user).for_reading(),
        serializer_for(request.user),
        arguments,
        name="agent_list",
        filters=AgentFilter,
    )


@tool(
    agency_server,
    description="Get one agent, with working hours.",
    input=AgentInput,
    output=StaffAgentSerializer(),
)
def agent_get(request: ToolRequest, *, agent_id: int) -> dict[str, Any]:
    return agent_json(request, get_agent(request, agent_id))


@tool(
    agency_server,
    description=(
        "Set whether an agent takes new visits. It applies at once, and the agent keeps the visits that they"
        " have. Agents may set their own availability."
    ),
    input=AvailabilityInput,
    output=StaffAgentSerializer(),
    writes=True,
)
def agent_set_availability(request: ToolRequest, *, agent_id: int, is_available: bool) -> dict[str, Any]:
    agent = get_agent(request, agent_id)
    if not agent.is_managed_by(request.user):
        raise PermissionDenied(ManagesAgent.message)
    services.set_availability(agent=agent, by=request.user, is_available=is_available)
    return agent_json(request, get_agent(request, agent_id))


def get_agent(request: ToolRequest, agent_id: int) -> Agent:
    """Return the agent as it is now. Raises Http404 for one that the user may not see."""
    return get_object_or_404(Agent.objects.visible_to(request.user).for_reading(), pk=agent_id)


def agent_json(request: ToolRequest, agent: Agent) -> dict[str, Any]:
    return serializer_for(request.user)(agent).data
