from typing import Any, cast

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from agents import services as agent_services
from agents.models import Agent, AgentQuerySet
from agents.permissions import ADD_AGENT, CHANGE_AGENT, VIEW_AGENT, ManagesAgent
from agents.serializers import (
    AgentSerializer,
    DryRunSerializer,
    StaffAgentSerializer,
    TimeOffSerializer,
    serializer_for,
)
from ghar import clock
from ghar.api.permissions import StaffPermission
from ghar.api.query import not_blank, returns_page, takes_query
from ghar.api.views import ApiViewSet
from visits import services
from visits.api.filters import AvailableAgentFilter
from visits.api.inputs import EngageSerializer
from visits.api.serializers import EngagementSerializer, WorkloadSerializer

# Leaving counts as a change: the agent is no longer listed, but the row stays.
STAFF_ACTIONS = {
    "create": StaffPermission.requiring(ADD_AGENT),
    "update": StaffPermission.requiring(CHANGE_AGENT),
    "partial_update": StaffPermission.requiring(CHANGE_AGENT),
    "destroy": StaffPermission.requiring(CHANGE_AGENT),
}


class AgentViewSet(ListModelMixin, RetrieveModelMixin, ApiViewSet[Agent]):
    """The directory of agents. Absences of an agent reassign visits."""

    resource = "agents"
    filterset_class = AvailableAgentFilter

    def get_permissions(self) -> list[Any]:
        if self.action in STAFF_ACTIONS:
            return [IsAuthenticated(), STAFF_ACTIONS[self.action]()]
        return [*super().get_permissions()]

    def get_queryset(self) -> QuerySet[Agent]:
        return Agent.objects.visible_to(self.user).for_reading()

    def get_serializer_class(self) -> type[AgentSerializer]:
        return serializer_for(self.user)

    def filter_queryset(self, queryset: "QuerySet[Agent, Any]") -> "QuerySet[Agent, Any]":
        # One agent is looked up by id, whether or not the list would show them.
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def create(self, request: Request) -> Response:
        agent = agent_services.create_agent(by=self.user, **self.validated(StaffAgentSerializer))
        return self.respond_fresh(agent, status=201)

    def partial_update(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        changes = self.validated(StaffAgentSerializer, partial=True)
        agent, _reassigned = services.update_agent(agent=agent, by=self.user, **changes)
        return self.respond_fresh(agent)

    def update(self, request: Request, pk: str) -> Response:
        return self.partial_update(request, pk)

    @takes_query("dry_run")
    def destroy(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        reassigned = services.dismiss(agent=agent, by=self.user, dry_run=self.is_dry_run())
        return Response({"moved": reassigned})

    @action(detail=True, url_path="time-off", permission_classes=[IsAuthenticated, ManagesAgent])
    @returns_page("time_off")
    def time_off(self, request: Request, pk: str) -> Response:
        return self.page(self.get_object().time_off.latest_first(), TimeOffSerializer)

    @time_off.mapping.post
    @takes_query("dry_run")
    def add_time_off(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        absence = self.validated(TimeOffSerializer)
        taken = services.take_time_off(
            agent=agent,
            by=self.user,
            from_=absence["period"]["lower"],
            to=absence["period"]["upper"],
            reason=absence["reason"],
            dry_run=self.is_dry_run(),
        )
        # A dry run returns no time off.
        time_off = taken.time_off and TimeOffSerializer(taken.time_off).data
        is_created = taken.time_off is not None and taken.is_new
        return Response({"time_off": time_off, "moved": taken.reassigned}, status=201 if is_created else 200)

    @action(
        detail=True,
        methods=["delete"],
        url_path="time-off/(?P<time_off_id>[0-9]+)",
        permission_classes=[IsAuthenticated, ManagesAgent],
    )
    def remove_time_off(self, request: Request, pk: str, time_off_id: str) -> Response:
        time_off = get_object_or_404(self.get_object().time_off.all(), pk=time_off_id)
        agent_services.remove_time_off(time_off=time_off, by=self.user)
        return Response(status=204)

    @action(detail=False)
    @returns_page("agents", filtered=True)
    def available(self, request: Request) -> Response:
        agents = cast(AgentQuerySet, self.filter_queryset(self.get_queryset()))
        return self.page(AvailableAgentFilter.available_from(agents, clock.now()))

    @action(detail=False, methods=["post"])
    @takes_query("agent_id")
    def assign(self, request: Request) -> Response:
        body = self.validated(EngageSerializer)
        query = self.validated(EngageSerializer, not_blank(request).dict())
        agent_id = {**body, **query}.get("agent_id")
        engagement = services.engage(user=self.user, agent_id=agent_id)
        return Response(EngagementSerializer(engagement).data)

    @action(
        detail=False,
        permission_classes=[IsAuthenticated, StaffPermission.requiring(VIEW_AGENT)],
        filter_backends=[],
        pagination_class=None,
    )
    def workload(self, request: Request) -> Response:
        agents = Agent.objects.filter(is_active=True).order_by("name", "pk")
        return Response({"items": WorkloadSerializer(agents, many=True).data})

    def fresh(self, instance: Agent) -> Agent:
        """Read the agent even after they have left: not all staff see former agents."""
        return get_object_or_404(Agent.objects.for_reading(), pk=instance.pk)

    def is_dry_run(self) -> bool:
        # A plain dict, in which a blank value is an error: as a form it would count as false.
        query = self.validated(DryRunSerializer, self.request.query_params.dict())
        dry_run: bool = query["dry_run"]
        return dry_run
