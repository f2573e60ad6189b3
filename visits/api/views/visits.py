from collections.abc import Callable, Sequence
from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters import FilterSet
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from agents.models import Agent
from ghar.accounts.models import User
from ghar.api.conditions import read_if_match
from ghar.api.fields import EmptySerializer
from ghar.api.query import not_blank, returns_page, takes_query
from ghar.api.views import ApiViewSet
from ghar.errors import Invalid
from visits import permissions, services
from visits.api import inputs, serializers, stats
from visits.api.filters import AgencyVisitFilter, StatsFilter, VisitFilter
from visits.api.permissions import IsAgency
from visits.assignment.candidates import rank_candidates
from visits.models import Visit, VisitQuerySet

# An agent may be lost by these, or be missing already.
WARNED_ACTIONS = {"confirm", "reschedule", "update", "partial_update"}


class VisitViewSet(ApiViewSet[Visit]):
    resource = "visits"

    def get_queryset(self) -> QuerySet[Visit]:
        return Visit.objects.visible_to(self.request.user).for_reading()

    def get_permissions(self) -> Sequence[BasePermission]:
        return [IsAuthenticated(), IsAgency()] if self.action == "all" else [IsAuthenticated()]

    @property
    def filterset_class(self) -> type[FilterSet]:
        filtersets = {"all": AgencyVisitFilter, "of_agent": AgencyVisitFilter, "stats": StatsFilter}
        return filtersets.get(self.action, VisitFilter)

    def get_serializer_class(self) -> type[serializers.VisitSerializer]:
        is_warned = self.action in WARNED_ACTIONS
        return serializers.WarnedVisitSerializer if is_warned else serializers.VisitSerializer

    def list(self, request: Request) -> Response:
        visits = Visit.objects.for_participant(self.user)
        return self.visit_page(visits.order_by("-scheduled_date", "-id"))

    @action(detail=False)
    @returns_page("visits", filtered=True)
    def upcoming(self, request: Request) -> Response:
        visits = Visit.objects.for_participant(self.user).upcoming()
        return self.visit_page(visits.order_by("scheduled_date", "id"))

    @action(detail=False)
    @returns_page("visits", filtered=True)
    def past(self, request: Request) -> Response:
        visits = Visit.objects.for_participant(self.user).past()
        return self.visit_page(visits.order_by("-scheduled_date", "-id"))

    @action(detail=False)
    @returns_page("visits", filtered=True)
    def all(self, request: Request) -> Response:
        visits = Visit.objects.for_agency(self.user)
        return self.visit_page(visits.order_by("-scheduled_date", "-id"))

    @returns_page("visits", filtered=True)
    def of_agent(self, request: Request, pk: str) -> Response:
        """List the visits of an agent: `agents/{id}/visits`, for that agent and for staff."""
        agent = get_object_or_404(Agent.objects.visible_to(self.user), pk=pk)
        if agent.user_id != self.user.pk:
            permissions.check_staff(self.user)
        visits = Visit.objects.for_agency(self.user).filter(agent=agent)
        return self.visit_page(visits.order_by("-scheduled_date", "-id"))

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.respond(self.get_object())

    def create(self, request: Request) -> Response:
        booking = self.validated(inputs.ScheduleSerializer)
        visitor = self.get_visitor(booking.pop("user_id", None))
        visit, is_new = services.schedule(by=self.user, user=visitor, **booking)
        return self.respond_fresh(visit, status=201 if is_new else 200)

    def update(self, request: Request, pk: str) -> Response:
        visit, versions = self.get_object(), read_if_match(request)
        changes = self.validated(inputs.UpdateSerializer)
        version = changes.pop("version", None)
        if version is not None:
            versions = {version} if versions is None else versions & {version}
        return self.respond_fresh(services.update(visit=visit, by=self.user, versions=versions, **changes))

    def partial_update(self, request: Request, pk: str) -> Response:
        return self.update(request, pk)

    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        return self.call_service(services.confirm, EmptySerializer)

    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: str) -> Response:
        return self.call_service(services.reschedule, inputs.RescheduleSerializer)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self.call_service(services.cancel, inputs.CancelSerializer)

    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        return self.call_service(services.complete, inputs.CompleteSerializer)

    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        return self.call_service(services.assign, inputs.AssignSerializer)

    @action(detail=True, pagination_class=None, filter_backends=[])
    def candidates(self, request: Request, pk: str) -> Response:
        visit = self.get_object()
        permissions.check_staff(self.user)
        candidates = serializers.CandidateSerializer(rank_candidates(visit), many=True)
        return Response({"items": candidates.data, "urgent": visit.is_urgent()})

    @action(detail=False, pagination_class=None)
    @takes_query("from", "to", "city")
    def stats(self, request: Request) -> Response:
        permissions.check_staff(self.user)
        visits = cast(VisitQuerySet, self.filter_queryset(Visit.objects.all()))
        city = not_blank(request).get("city", "")
        return Response(serializers.StatsSerializer(stats.agency_stats(visits, city)).data)

    @action(detail=True)
    @returns_page("history")
    def history(self, request: Request, pk: str) -> Response:
        visit = self.get_object()
        permissions.check_may_read_history(self.user, visit)
        events = visit.events.select_related("actor").order_by("id")
        return self.page(events, serializers.VisitEventSerializer, visit=visit)

    def respond(self, instance: Visit, status: int = 200) -> Response:
        response = super().respond(instance, status)
        response["ETag"] = f'"{instance.version}"'
        return response

    def fresh(self, instance: Visit) -> Visit:
        """Read the visit whoever it is visible to: an agent who has just passed it on still gets it."""
        return get_object_or_404(Visit.objects.for_reading(), pk=instance.pk)

    def visit_page(self, visits: VisitQuerySet) -> Response:
        return self.page(self.filter_queryset(visits.for_reading()))

    def call_service(
        self, service: Callable[..., Visit], serializer_class: type[BaseSerializer[Any]]
    ) -> Response:
        """Call a service with the visit of the URL, the user, the versions in If-Match and the body."""
        visit, versions = self.get_object(), read_if_match(self.request)
        values = self.validated(serializer_class)
        return self.respond_fresh(service(visit=visit, by=self.user, versions=versions, **values))

    def get_visitor(self, user_id: int | None) -> User:
        """Return the user to book for: the current user, or the one whom staff name."""
        if user_id is None or user_id == self.user.pk:
            return self.user
        user = User.objects.filter(pk=user_id).first()
        # Users without the permission get the same answer for every id, known or not.
        permissions.check_may_book_for(self.user, user)
        if user is None:
            raise Invalid(user_id=_("There is no user with this id."))
        return user
