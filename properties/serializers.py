from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from ghar.api.fields import (
    MODEL_FIELDS,
    FiniteFloatField,
    HttpUrlField,
    LineField,
    NumberField,
    StrictSerializer,
)
from ghar.text import clean_words
from ghar.validators import MAX_ID
from properties.models import Amenity, Property, PropertyImage
from properties.services import LAST_PLACE
from properties.validators import MAX_FEATURE_LENGTH, MAX_FEATURES

FIELD_MAPPING = {
    **MODEL_FIELDS,
    models.DecimalField: NumberField,
    models.FloatField: FiniteFloatField,
}
MAX_TITLE_LENGTH = 80
MAX_AMENITIES = 100
IMAGES_HINT = gettext_lazy("add images with POST /properties/{id}/images.")


class LinkField(serializers.CharField):
    """A URL. A path on this server is returned with the address of the server."""

    def to_representation(self, value: str) -> str:
        return f"{settings.PUBLIC_URL}{value}" if value.startswith("/") else value


class AmenityNameField(serializers.Field[int | str, Any, Any, Any]):
    """The id or the title of an amenity."""

    def to_internal_value(self, data: Any) -> int | str:
        if isinstance(data, int) and not isinstance(data, bool) and 0 < data <= MAX_ID:
            return data
        if isinstance(data, str) and 0 < len(name := clean_words(data)) <= MAX_TITLE_LENGTH:
            return name
        raise serializers.ValidationError(_("Enter the id or the title of an amenity."))


class AmenitySerializer(serializers.ModelSerializer[Amenity]):
    class Meta:
        model = Amenity
        fields = ["id", "title", "icon", "category"]
        read_only_fields = fields


class ImageSerializer(serializers.ModelSerializer[PropertyImage]):
    property_id = serializers.IntegerField()
    image_url = LinkField()

    class Meta:
        model = PropertyImage
        fields = ["id", "property_id", "image_url", "caption", "display_order", "is_main_image"]
        read_only_fields = fields


class PropertyCardSerializer(serializers.ModelSerializer[Property]):
    """A listing as part of a visit. The queryset needs `with_details()`."""

    serializer_field_mapping = FIELD_MAPPING
    main_image_url = LinkField(source="main_image.image_url", allow_null=True)
    images = ImageSerializer(many=True)
    amenities = AmenitySerializer(many=True)

    class Meta:
        model = Property
        fields = [
            "id",
            "title",
            "property_type",
            "purpose",
            "status",
            "city",
            "locality",
            "full_address",
            "latitude",
            "longitude",
            "base_price",
            "monthly_rent",
            "bedrooms",
            "bathrooms",
            "area_sqft",
            "main_image_url",
            "images",
            "amenities",
        ]
        read_only_fields = fields


class PropertySerializer(PropertyCardSerializer):
    features = serializers.ListField(child=serializers.CharField())
    owner_id = serializers.IntegerField(allow_null=True)

    class Meta(PropertyCardSerializer.Meta):
        fields = [
            *PropertyCardSerializer.Meta.fields,
            "description",
            "sub_locality",
            "landmark",
            "pincode",
            "state",
            "country",
            "timezone",
            "furnishing",
            "exclusive_tours",
            "is_available",
            "owner_id",
            "features",
            "attributes",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class PropertyInputSerializer(StrictSerializer, serializers.ModelSerializer[Property]):
    """Input from the owner. `properties.services` checks which values go together."""

    ignores_unknown = True
    response_fields = (*PropertySerializer.Meta.fields, "next_visit_date")
    read_only_hints = {"images": IMAGES_HINT, "main_image_url": IMAGES_HINT}

    serializer_field_mapping = FIELD_MAPPING
    features = serializers.ListField(
        child=LineField(max_length=MAX_FEATURE_LENGTH), max_length=MAX_FEATURES, required=False
    )
    amenities = serializers.ListField(
        child=AmenityNameField(), max_length=MAX_AMENITIES, required=False, help_text="Ids or titles."
    )

    class Meta:
        model = Property
        fields = [
            "title",
            "description",
            "property_type",
            "purpose",
            "status",
            "is_available",
            "exclusive_tours",
            "city",
            "locality",
            "sub_locality",
            "landmark",
            "full_address",
            "pincode",
            "state",
            "country",
            "latitude",
            "longitude",
            "timezone",
            "base_price",
            "monthly_rent",
            "area_sqft",
            "bedrooms",
            "bathrooms",
            "furnishing",
            "features",
            "attributes",
            "amenities",
        ]
        extra_kwargs = {"property_type": {"required": True}, "purpose": {"required": True}}


class ImageInputSerializer(StrictSerializer):
    ignores_unknown = True
    response_fields = ImageSerializer.Meta.fields

    image_url = HttpUrlField()
    caption = LineField(max_length=200, allow_blank=True, required=False)
    display_order = serializers.IntegerField(min_value=0, max_value=LAST_PLACE, required=False)
    is_main_image = serializers.BooleanField(required=False)
