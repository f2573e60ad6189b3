"""The routes of visits, and those below listings and agents that need visits."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from ghar.accounts.models import User
from ghar.api.fields import StrictSerializer
from ghar.errors import Invalid, NotAllowed, Outdated
from visits import policy, serializers, services
from visits.filters import AgencyVisitFilter, VisitFilter
from visits.models import Visit
from visits.permissions import IsAgency


class VisitViewSet(RetrieveModelMixin, GenericViewSet[Visit]):
    serializer_class = serializers.VisitSerializer
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Visit]:
        return Visit.objects.visible_to(self.request.user).for_reading()

    def get_permissions(self) -> Sequence[BasePermission]:
        return [IsAuthenticated(), IsAgency()] if self.action == "all" else [IsAuthenticated()]

    @property
    def filterset_class(self) -> type[VisitFilter]:
        return AgencyVisitFilter if self.action == "all" else VisitFilter

    def list(self, request: Request) -> Response:
        return self.page(Visit.objects.of_participant(request.user).order_by("-scheduled_date", "-id"))

    @action(detail=False)
    def upcoming(self, request: Request) -> Response:
        visits = Visit.objects.of_participant(request.user).upcoming()
        return self.page(visits.order_by("scheduled_date", "id"))

    @action(detail=False)
    def past(self, request: Request) -> Response:
        visits = Visit.objects.of_participant(request.user).past()
        return self.page(visits.order_by("-scheduled_date", "-id"))

    @action(detail=False)
    def all(self, request: Request) -> Response:
        return self.page(Visit.objects.of_agency(request.user).order_by("-scheduled_date", "-id"))

    def page(self, visits: QuerySet[Visit]) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(visits.for_reading()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def create(self, request: Request) -> Response:
        given = self.valid(serializers.ScheduleSerializer)
        given.pop("visit_context")
        visit, made = services.schedule(by=request.user, user=self.visitor(given), **given)
        return self.show(self.fresh(visit), status=201 if made else 200)

    def visitor(self, given: dict[str, Any]) -> User:
        """Who visits: oneself, or for staff whoever they book for."""
        user_id = given.pop("user_id", self.request.user.pk)
        if user_id == self.request.user.pk:
            return self.request.user
        if not policy.is_staff_with(self.request.user, "visits.change_visit"):
            raise NotAllowed("Only staff book for somebody else.")
        user = User.objects.filter(pk=user_id).first()
        if user is None:
            raise Invalid(user_id="There is no such user.")
        return user

    def update(self, request: Request, pk: str) -> Response:
        visit, version = self.get_object(), self.if_match()
        given = self.valid(serializers.UpdateSerializer)
        return self.show(self.fresh(services.update(visit=visit, by=request.user, version=version, **given)))

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

    @action(detail=True)
    def history(self, request: Request, pk: str) -> Response:
        events = self.get_object().events.select_related("actor").order_by("id")
        rows = self.paginate_queryset(events)
        return self.get_paginated_response(serializers.VisitEventSerializer(rows, many=True).data)

    def act(self, service: Any, serializer: type[Any]) -> Response:
        """Who may not see the visit learns nothing: it is looked for before the body is judged."""
        visit = self.get_object()
        return self.show(self.fresh(service(visit=visit, by=self.request.user, **self.valid(serializer))))

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
