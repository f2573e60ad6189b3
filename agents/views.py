"""The routes of agents that need no visits. All others are in `visits.api.views.agents`."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from agents import services
from agents.models import Agent
from agents.permissions import ManagesAgent
from agents.serializers import AgentSerializer, AvailabilitySerializer, HoursSerializer, serializer_for
from ghar.api.views import ApiView, ApiViewSet
from ghar.errors import NotFound


class AssignedAgentView(ApiView):
    """The agent of the current user."""

    def get(self, request: Request) -> Response:
        agents = Agent.objects.visible_to(self.user).for_reading()
        agent = agents.engaged_to(self.user).first()
        if agent is None:
            raise NotFound(_("You have no agent yet. Your first tour gives you one."))
        return Response(serializer_for(self.user)(agent).data)


class OwnAgentView(ApiView):
    """The entry of the current user, who is an agent."""

    def get(self, request: Request) -> Response:
        agent = Agent.objects.filter(user=self.user, is_active=True).for_reading().first()
        if agent is None:
            raise NotFound(_("You are not an agent. /agents/assigned shows the agent who looks after you."))
        return Response(serializer_for(self.user)(agent).data)


class AgentAvailabilityViewSet(ApiViewSet[Agent]):
    """When an agent works. The agent and staff can change it, and no visit moves."""

    permission_classes = [IsAuthenticated, ManagesAgent]

    def get_queryset(self) -> QuerySet[Agent]:
        return Agent.objects.visible_to(self.user).for_reading()

    def get_serializer_class(self) -> type[AgentSerializer]:
        return serializer_for(self.user)

    @action(detail=True, methods=["patch"])
    def availability(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        availability = self.validated(AvailabilitySerializer)
        return self.respond_fresh(services.set_availability(agent=agent, by=self.user, **availability))

    @action(detail=True)
    def hours(self, request: Request, pk: str) -> Response:
        return hours_response(self.get_object())

    @hours.mapping.put
    def replace_hours(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        week = self.validated(HoursSerializer)
        return hours_response(services.set_hours(agent=agent, by=self.user, **week))


def hours_response(agent: Agent) -> Response:
    return Response(HoursSerializer({"items": agent.working_hours.all()}).data)
