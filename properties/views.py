from typing import Any, cast

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import DestroyModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from ghar.accounts.models import User
from ghar.api.fields import StrictSerializer
from ghar.api.pagination import OpenPagination
from properties import services
from properties.filters import PropertyFilter
from properties.models import Property
from properties.permissions import MayChangeListing
from properties.serializers import (
    ImageInputSerializer,
    ImageSerializer,
    PropertyInputSerializer,
    PropertySerializer,
)


class PropertyViewSet(ListModelMixin, RetrieveModelMixin, DestroyModelMixin, GenericViewSet[Property]):
    """`visits` subclasses it: what an answer shows is in `get_queryset` and `serializer_class` alone."""

    serializer_class = PropertySerializer
    filterset_class = PropertyFilter
    permission_classes = [IsAuthenticatedOrReadOnly, MayChangeListing]
    pagination_class = OpenPagination
    lookup_value_regex = "[0-9]+"

    def get_queryset(self) -> QuerySet[Property]:
        return Property.objects.visible_to(self.request.user).with_details()

    def create(self, request: Request) -> Response:
        listing = services.create(by=self.user(), **self.valid(PropertyInputSerializer))
        return Response(self.shown(listing), status=201)

    def update(self, request: Request, pk: str) -> Response:
        listing = self.get_object()
        given = self.valid(PropertyInputSerializer, partial=True)
        return Response(self.shown(services.update(property=listing, by=self.user(), **given)))

    def partial_update(self, request: Request, pk: str) -> Response:
        return self.update(request, pk)

    @action(detail=True, methods=["post"])
    def images(self, request: Request, pk: str) -> Response:
        listing = self.get_object()
        image = services.add_image(property=listing, by=self.user(), **self.valid(ImageInputSerializer))
        return Response(ImageSerializer(image).data, status=201)

    @action(detail=True, methods=["delete"], url_path="images/(?P<image_pk>[0-9]+)")
    def image(self, request: Request, pk: str, image_pk: str) -> Response:
        image = get_object_or_404(self.get_object().images.all(), pk=image_pk)
        services.remove_image(image=image, by=self.user())
        return Response(status=204)

    def user(self) -> User:
        """Who changes something; the permissions let nobody in who isn't logged in."""
        return cast(User, self.request.user)

    def valid(self, serializer: type[StrictSerializer], partial: bool = False) -> dict[str, Any]:
        given = serializer(data=self.request.data, partial=partial)
        given.is_valid(raise_exception=True)
        return given.validated_data

    def shown(self, listing: Property) -> Any:
        return self.get_serializer(self.get_queryset().get(pk=listing.pk)).data
