"""The routes of images. Those of the listings themselves are in `visits.api.views.properties`."""

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ghar.api.views import ApiViewSet
from properties import services
from properties.models import Property
from properties.permissions import MayChangeProperty
from properties.serializers import ImageInputSerializer, ImageSerializer


class PropertyImageViewSet(ApiViewSet[Property]):
    permission_classes = [IsAuthenticatedOrReadOnly, MayChangeProperty]

    def get_queryset(self) -> QuerySet[Property]:
        return Property.objects.visible_to(self.request.user)

    @action(detail=True, methods=["post"])
    def images(self, request: Request, pk: str) -> Response:
        property = self.get_object()
        image = services.add_image(property=property, by=self.user, **self.validated(ImageInputSerializer))
        return Response(ImageSerializer(image).data, status=201)

    @action(detail=True, methods=["delete"], url_path="images/(?P<image_pk>[0-9]+)")
    def image(self, request: Request, pk: str, image_pk: str) -> Response:
        image = get_object_or_404(self.get_object().images.all(), pk=image_pk)
        services.remove_image(image=image, by=self.user)
        return Response(status=204)
