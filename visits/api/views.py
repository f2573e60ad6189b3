"""The routes of visits, and those below listings and agents that need visits."""

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import OuterRef, QuerySet, Subquery
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from agents.models import Agent, TimeOff
from agents.views import AgentViewSet as BaseAgentViewSet
from flatmates.models import Message
from flatmates.views import ConversationViewSet as BaseConversationViewSet
from ghar.accounts.models import User
from ghar.api.fields import StrictSerializer
from ghar.api.permissions import StaffPermission
from ghar.errors import Invalid, NotAllowed, Outdated
from ghar.staff import has_staff_perm
from properties.models import Property
from properties.views import PropertyViewSet as BasePropertyViewSet
from visits import permissions, services
from visits.api import serializers, stats
from visits.api.filters import AgencyVisitFilter, AvailableAgentFilter, VisitFilter
from visits.api.permissions import IsAgency
from visits.assignment import candidates
from visits.models import Visit, VisitQuerySet
from visits.scheduling import slots


class VisitViewSet(GenericViewSet[Visit]):
    serializer_class = serializers.VisitSerializer
    lookup_value_regex = "[0-9]+"

    def get_queryset(self) -> QuerySet[Visit]:
        return Visit.objects.visible_to(self.request.user).for_reading()

    def get_permissions(self) -> Sequence[BasePermission]:
        return [IsAuthenticated(), IsAgency()] if self.action == "all" else [IsAuthenticated()]

    @property
    def filterset_class(self) -> type[VisitFilter]:
        return AgencyVisitFilter if self.action == "all" else VisitFilter

    def list(self, request: Request) -> Response:
        return self.page(Visit.objects.for_participant(request.user).order_by("-scheduled_date", "-id"))

    @action(detail=False)
    def upcoming(self, request: Request) -> Response:
        visits = Visit.objects.for_participant(request.user).upcoming()
        return self.page(visits.order_by("scheduled_date", "id"))

    @action(detail=False)
    def past(self, request: Request) -> Response:
        visits = Visit.objects.for_participant(request.user).past()
        return self.page(visits.order_by("-scheduled_date", "-id"))

    @action(detail=False)
    def all(self, request: Request) -> Response:
        return self.page(Visit.objects.for_agency(request.user).order_by("-scheduled_date", "-id"))

    def page(self, visits: VisitQuerySet) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(visits.for_reading()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.show(self.get_object())

    def create(self, request: Request) -> Response:
        given = self.valid(serializers.ScheduleSerializer)
        visit, made = services.schedule(by=self.reader(), user=self.visitor(given), **given)
        return self.show(self.fresh(visit), status=201 if made else 200)

    def reader(self) -> User:
        """Who asks; the permissions let nobody in who isn't logged in."""
        return cast(User, self.request.user)

    def visitor(self, given: dict[str, Any]) -> User:
        """Who visits: oneself, or for staff whoever they book for."""
        reader = self.reader()
        user_id = given.pop("user_id", reader.pk)
        if user_id == reader.pk:
            return reader
        if not has_staff_perm(reader, "visits.change_visit"):
            raise NotAllowed("Only staff book for somebody else.")
        user = User.objects.filter(pk=user_id).first()
        if user is None:
            raise Invalid(user_id="There is no such user.")
        return user

    def update(self, request: Request, pk: str) -> Response:
        visit, version = self.get_object(), self.if_match()
        given = self.valid(serializers.UpdateSerializer)
        return self.show(self.fresh(services.update(visit=visit, by=self.reader(), version=version, **given)))

    def partial_update(self, request: Request, pk: str) -> Response:
        return self.update(request, pk)

    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        return self.act(services.confirm, StrictSerializer)

    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: str) -> Response:
        return self.act(services.reschedule, serializers.RescheduleSerializer)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self.act(services.cancel, serializers.CancelSerializer)

    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        return self.act(services.complete, serializers.CompleteSerializer)

    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        return self.act(services.assign, serializers.AssignSerializer)

    @action(detail=True, pagination_class=None, filter_backends=[])
    def candidates(self, request: Request, pk: str) -> Response:
        visit = self.get_object()
        permissions.check_staff(self.reader())
        if not visit.is_tour():
            raise Invalid("Only tours have an agent; flatmates meet on their own.")
        found = serializers.CandidateSerializer(candidates.rank_candidates(visit), many=True).data
        return Response({"items": found, "urgent": visit.is_urgent()})

    @action(detail=False, pagination_class=None, filter_backends=[])
    def stats(self, request: Request) -> Response:
        permissions.check_staff(self.reader())
        return Response(serializers.StatsSerializer(stats.figures()).data)

    @action(detail=True)
    def history(self, request: Request, pk: str) -> Response:
        visit = self.get_object()
        events: Any = visit.events.select_related("actor").order_by("id")
        rows: Any = self.paginate_queryset(events)
        context = {"decisions": permissions.can_see_decisions(self.reader(), visit)}
        shown = serializers.VisitEventSerializer(rows, many=True, context=context)
        return self.get_paginated_response(shown.data)

    def act(self, service: Any, serializer: type[Any]) -> Response:
        """Who may not see the visit learns nothing: it is looked for before the body is judged."""
        visit = self.get_object()
        return self.show(self.fresh(service(visit=visit, by=self.reader(), **self.valid(serializer))))

    def valid(self, serializer: type[Any]) -> dict[str, Any]:
        given = serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        return given.validated_data

    def fresh(self, visit: Visit) -> Visit:
        """The visit as it is now, also for an agent who has just handed it on."""
        return Visit.objects.for_reading().get(pk=visit.pk)

    def show(self, visit: Visit, status: int = 200) -> Response:
        return Response(
            self.get_serializer(visit).data, status=status, headers={"ETag": f'"{visit.version}"'}
        )

    def if_match(self) -> int | None:
        """The version that the caller has read; anything that is no version of ours matches none."""
        value = self.request.headers.get("If-Match", "*").strip()
        if value == "*":
            return None
        quoted = value[1:-1]
        if value != f'"{quoted}"' or not (quoted.isascii() and quoted.isdigit()):
            raise Outdated('Send the version that you have read: If-Match: "3".')
        return int(quoted)


class PropertyViewSet(BasePropertyViewSet):
    """Listings with what visits know of them: slots, the reader's next one, what a withdrawal cancels."""

    def get_serializer_class(self) -> Any:
        return serializers.PropertyDetailSerializer if self.is_personal() else super().get_serializer_class()

    def is_personal(self) -> bool:
        return self.action == "retrieve" and self.request.user.is_authenticated

    def get_queryset(self) -> QuerySet[Property]:
        listings = super().get_queryset()
        if not self.is_personal():
            return listings
        visits = Visit.objects.for_participant(self.request.user).upcoming().filter(property=OuterRef("pk"))
        soonest = visits.order_by("scheduled_date").values("scheduled_date")[:1]
        return listings.annotate(next_visit_date=Subquery(soonest))

    def perform_destroy(self, instance: Property) -> None:
        services.withdraw_property(listing=instance, by=self.user())

    @action(detail=True, permission_classes=[IsAuthenticated], filter_backends=[], pagination_class=None)
    def slots(self, request: Request, pk: str) -> Response:
        listing = self.get_object()
        query = serializers.SlotQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        found = slots.tour_slots(
            property=listing,
            seeker=request.user,
            span=slots.local_days(listing.timezone, given["from"], given["to"]),
            minutes=given["duration_minutes"],
            language=given.get("language"),
        )
        return Response(serializers.SlotsSerializer({"timezone": listing.timezone, "items": found}).data)


class ConversationViewSet(BaseConversationViewSet):
    """Conversations whose invitations show how the visit stands now."""

    def shown(self, messages: Sequence[Message]) -> Any:
        visits = Visit.objects.in_bulk({message.visit_id for message in messages if message.visit_id})
        for message in messages:
            vars(message)["visit"] = visits.get(message.visit_id)
        return serializers.VisitMessageSerializer(messages, many=True).data


class AgentViewSet(BaseAgentViewSet):
    """Agents with what visits know of them: who is free when, how loaded, and whose agent he is."""

    filterset_class = AvailableAgentFilter

    def change(self, agent: Agent, data: dict[str, Any]) -> Agent:
        agent, _ = services.update_agent(agent=agent, by=cast(User, self.request.user), **data)
        return agent

    def dismiss(self, agent: Agent, *, dry_run: bool) -> Any:
        return services.dismiss(agent=agent, by=cast(User, self.request.user), dry_run=dry_run)

    def take_time_off(
        self, agent: Agent, data: dict[str, Any], *, dry_run: bool
    ) -> tuple[TimeOff | None, Any]:
        period = data["period"]
        return services.take_time_off(
            agent=agent,
            by=cast(User, self.request.user),
            from_=period["lower"],
            to=period["upper"],
            reason=data["reason"],
            dry_run=dry_run,
        )

    @action(detail=False, methods=["post"])
    def assign(self, request: Request) -> Response:
        body = StrictSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(serializers.EngagementSerializer(services.engage(user=cast(User, request.user))).data)

    @action(
        detail=False,
        permission_classes=[IsAuthenticated, StaffPermission.to("agents.view_agent")],
        filter_backends=[],
        pagination_class=None,
    )
    def workload(self, request: Request) -> Response:
        agents = Agent.objects.filter(is_active=True).order_by("name", "pk")
        return Response({"items": serializers.WorkloadSerializer(agents, many=True).data})
