"""What assistants of staff and agents may do with agents, and the server that they ask."""

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
from ghar.mcp.pages import PageInput, page, page_serializer
from ghar.mcp.server import Call, Server, tool


def admits_agency(user: Any) -> bool:
    """Staff and employed agents, whatever a token's scope says."""
    return user.is_staff or Agent.objects.filter(user=user, is_active=True).exists()


agency = Server(
    admits=admits_agency,
    name="ghar-visits-agency",
    title="Ghar visits for the agency",
    description="See agents and their work, and give visits to agents.",
    instructions=(
        "For staff who dispatch visits, and for agents. agent_unassigned_visits is the queue,"
        " agent_candidates says who could take a visit and why not, agent_assign_visit gives it to him. A day"
        " is the agent's local date; answers give times in UTC and as they are at the listing. Refusals name"
        " a code and what to do next. What an agent does with his own visits (move, cancel) is at /mcp."
    ),
)


class ListInput(PageInput):
    agent_type = serializers.ChoiceField(
        Agent.Type.choices, required=False, help_text="Agents of this type only."
    )
    language = LanguageField(required=False, help_text="ISO 639-1, such as mr: agents who speak it.")
    city = serializers.CharField(max_length=80, required=False, help_text="Agents who serve it, in any case.")


class AgentInput(StrictSerializer):
    agent_id = IdField(help_text="An id from agent_list.")


class AvailabilityInput(AgentInput):
    is_available = serializers.BooleanField(help_text="Whether the agent takes new visits from now on.")


@tool(
    agency,
    description="The employed agents by name, with languages, cities and, for staff, their load.",
    takes=ListInput,
    gives=page_serializer(StaffAgentSerializer)(),
)
def agent_list(request: Call, **asked: Any) -> dict[str, Any]:
    return page(
        request,
        Agent.objects.visible_to(request.user).for_reading(),
        serializer_for(request.user),
        asked,
        name="agent_list",
        filters=AgentFilter,
    )


@tool(agency, description="One agent, with working hours.", takes=AgentInput, gives=StaffAgentSerializer())
def agent_get(request: Call, *, agent_id: int) -> dict[str, Any]:
    return agent_json(request, get_agent(request, agent_id))


@tool(
    agency,
    description=(
        "Let an agent take new visits, or stop him from taking more. It applies at once and moves none of"
        " the visits that he has. An agent may set his own."
    ),
    takes=AvailabilityInput,
    gives=StaffAgentSerializer(),
    writes=True,
)
def agent_set_availability(request: Call, *, agent_id: int, is_available: bool) -> dict[str, Any]:
    agent = get_agent(request, agent_id)
    if not agent.is_managed_by(request.user):
        raise PermissionDenied(ManagesAgent.message)
    services.set_availability(agent=agent, by=request.user, is_available=is_available)
    return agent_json(request, get_agent(request, agent_id))


def get_agent(request: Call, agent_id: int) -> Agent:
    return get_object_or_404(Agent.objects.visible_to(request.user).for_reading(), pk=agent_id)


def agent_json(request: Call, agent: Agent) -> dict[str, Any]:
    return serializer_for(request.user)(agent).data
