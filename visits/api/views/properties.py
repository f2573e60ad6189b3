from django.db.models import OuterRef, QuerySet, Subquery
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ghar.api.pagination import KeysetPagination, OpenPagination
from ghar.api.query import not_blank, returns_page, takes_query
from ghar.api.views import ApiViewSet
from properties import services as property_services
from properties.filters import PropertyFilter
from properties.models import Property
from properties.permissions import MayChangeProperty
from properties.serializers import PropertyInputSerializer, PropertySerializer
from visits import services
from visits.api.inputs import SlotQuerySerializer
from visits.api.serializers import PropertyDetailSerializer, SlotsSerializer
from visits.models import Visit
from visits.scheduling import slots


class PropertyViewSet(ListModelMixin, RetrieveModelMixin, ApiViewSet[Property]):
    """Listings. Logged-in users also see their next visit there; a withdrawal cancels visits."""

    resource = "properties"
    filterset_class = PropertyFilter
    permission_classes = [IsAuthenticatedOrReadOnly, MayChangeProperty]
    pagination_class = OpenPagination

    def get_queryset(self) -> QuerySet[Property]:
        properties = Property.objects.visible_to(self.request.user).with_details()
        if not self.shows_next_visit():
            return properties
        visits = Visit.objects.for_participant(self.user).upcoming().filter(property=OuterRef("pk"))
        soonest = visits.order_by("scheduled_date").values("scheduled_date")[:1]
        return properties.annotate(next_visit_date=Subquery(soonest))

    def get_serializer_class(self) -> type[PropertySerializer]:
        return PropertyDetailSerializer if self.shows_next_visit() else PropertySerializer

    def shows_next_visit(self) -> bool:
        return self.action == "retrieve" and self.request.user.is_authenticated

    @action(detail=False, permission_classes=[IsAuthenticated], pagination_class=KeysetPagination)
    @returns_page("properties", filtered=True)
    def me(self, request: Request) -> Response:
        own = Property.objects.filter(owner=self.user).with_details()
        return self.page(self.filter_queryset(own))

    def create(self, request: Request) -> Response:
        property = property_services.create_property(by=self.user, **self.validated(PropertyInputSerializer))
        return self.respond_fresh(property, status=201)

    def update(self, request: Request, pk: str) -> Response:
        property = self.get_object()
        changes = self.validated(PropertyInputSerializer, partial=True)
        return self.respond_fresh(
            property_services.update_property(property=property, by=self.user, **changes)
        )

    def partial_update(self, request: Request, pk: str) -> Response:
        return self.update(request, pk)

    def destroy(self, request: Request, pk: str) -> Response:
        services.withdraw_property(listing=self.get_object(), by=self.user)
        return Response(status=204)

    @action(detail=True, permission_classes=[IsAuthenticated], filter_backends=[], pagination_class=None)
    @takes_query("from", "to", "duration_minutes", "language")
    def slots(self, request: Request, pk: str) -> Response:
        property = self.get_object()
        query = self.validated(SlotQuerySerializer, not_blank(request))
        found = slots.tour_slots(
            property=property,
            seeker=self.user,
            span=slots.local_days(property.timezone, query["from"], query["to"]),
            minutes=query["duration_minutes"],
            language=query.get("language"),
        )
        return Response(SlotsSerializer({"timezone": property.timezone, "items": found}).data)
