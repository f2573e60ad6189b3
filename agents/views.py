from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from agents import services
from agents.filters import AgentFilter
from agents.models import Agent, TimeOff
from agents.permissions import ManagesAgent
from agents.serializers import (
    AvailabilitySerializer,
    DryRunSerializer,
    HoursSerializer,
    StaffAgentSerializer,
    TimeOffSerializer,
    serializer_for,
)
from ghar.api.permissions import StaffPermission
from ghar.errors import Invalid, NotFound

# Who has left is no longer listed; the row stays, so leaving is a change.
STAFF_ACTS = {
    "create": StaffPermission.to("agents.add_agent"),
    "partial_update": StaffPermission.to("agents.change_agent"),
    "destroy": StaffPermission.to("agents.change_agent"),
}


class AgentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet):
    """The directory, and what staff and the agent himself change.

    `change`, `dismiss` and `take_time_off` are written in visits, which hands the agent's visits over with
    them; the last two answer which.
    """

    queryset = Agent.objects.all()
    filterset_class = AgentFilter
    lookup_value_regex = "[0-9]+"

    def get_permissions(self) -> Any:
        if self.action in STAFF_ACTS:
            return [IsAuthenticated(), STAFF_ACTS[self.action]()]
        return super().get_permissions()

    def get_queryset(self) -> Any:
        return Agent.objects.visible_to(self.request.user).for_reading()

    def get_serializer_class(self) -> type[BaseSerializer[Agent]]:
        return serializer_for(self.request.user)

    def create(self, request: Request) -> Response:
        data = read(StaffAgentSerializer, request)
        agent = services.create_agent(by=request.user, **data)
        return self.answer(agent, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        if is_dry_run(request):
            raise Invalid(dry_run="PATCH writes: DELETE with ?dry_run=true shows what would move if he left.")
        data = read(StaffAgentSerializer, request, partial=True)
        return self.answer(self.change(agent, data))

    def destroy(self, request: Request, pk: str) -> Response:
        return Response({"moved": self.dismiss(self.get_object(), dry_run=is_dry_run(request))})

    @action(detail=False)
    def assigned(self, request: Request) -> Response:
        agent = self.get_queryset().engaged_to(request.user).first()
        if agent is None:
            raise NotFound("You have no agent yet: you get one with your first tour.")
        return self.answer(agent)

    @action(detail=True, methods=["patch"], permission_classes=[IsAuthenticated, ManagesAgent])
    def availability(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        data = read(AvailabilitySerializer, request)
        return self.answer(services.set_availability(agent=agent, by=request.user, **data))

    @action(detail=True, permission_classes=[IsAuthenticated, ManagesAgent])
    def hours(self, request: Request, pk: str) -> Response:
        return week_of(self.get_object())

    @hours.mapping.put
    def replace_hours(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        data = read(HoursSerializer, request)
        return week_of(services.set_hours(agent=agent, by=request.user, **data))

    @action(detail=True, url_path="time-off", permission_classes=[IsAuthenticated, ManagesAgent])
    def time_off(self, request: Request, pk: str) -> Response:
        page = self.paginate_queryset(self.get_object().time_off.latest_first())
        return self.get_paginated_response(TimeOffSerializer(page, many=True).data)

    @time_off.mapping.post
    def add_time_off(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        data = read(TimeOffSerializer, request)
        time_off, moved = self.take_time_off(agent, data, dry_run=is_dry_run(request))
        body = {"time_off": time_off and TimeOffSerializer(time_off).data, "moved": moved}
        return Response(body, status.HTTP_201_CREATED if time_off else status.HTTP_200_OK)

    @action(
        detail=True,
        methods=["delete"],
        url_path="time-off/(?P<time_off_id>[0-9]+)",
        permission_classes=[IsAuthenticated, ManagesAgent],
    )
    def remove_time_off(self, request: Request, pk: str, time_off_id: str) -> Response:
        time_off = get_object_or_404(self.get_object().time_off, pk=time_off_id)
        services.remove_time_off(time_off=time_off, by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def change(self, agent: Agent, data: dict[str, Any]) -> Agent:
        raise NotImplementedError

    def dismiss(self, agent: Agent, *, dry_run: bool) -> Any:
        raise NotImplementedError

    def take_time_off(
        self, agent: Agent, data: dict[str, Any], *, dry_run: bool
    ) -> tuple[TimeOff | None, Any]:
        raise NotImplementedError

    def answer(self, agent: Agent, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(agent).data, code)


def read(serializer_class: Any, request: Request, **options: Any) -> dict[str, Any]:
    serializer = serializer_class(data=request.data, **options)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def is_dry_run(request: Request) -> bool:
    """`?dry_run=true`: only show what would happen."""
    query = DryRunSerializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return query.validated_data["dry_run"]


def week_of(agent: Agent) -> Response:
    return Response(HoursSerializer({"items": agent.working_hours.all()}).data)
