"""What the OpenAPI document says of the routes of listings. `visits` subclasses their views."""

from drf_spectacular.utils import OpenApiExample, extend_schema_view

from ghar.api.openapi import FieldAs, choices, filters, operation
from properties.filters import PropertyFilter
from properties.models import Property
from properties.serializers import (
    ImageInputSerializer,
    ImageSerializer,
    PropertyInputSerializer,
    PropertySerializer,
)
from properties.views import PropertyViewSet

NEW = {
    "title": "2 BHK near the lake",
    "property_type": "apartment",
    "purpose": "rent",
    "city": "Mumbai",
    "locality": "Powai",
    "base_price": 42000,
    "bedrooms": 2,
    "amenities": ["Lift", "Parking"],
}
IMAGE = {"image_url": "https://example.com/living-room.jpg", "caption": "Living room"}

extend_schema_view(
    list=operation(
        "Find listings",
        description="Withdrawn ones are for their owner and staff only; `available=true` narrows to those "
        "that take visits. `lat`, `lng` and `radius_km` come together.",
        never=["permission_denied"],
    ),
    retrieve=operation("One listing", never=["permission_denied"]),
    create=operation(
        "Add a listing of your own",
        request=PropertyInputSerializer,
        responses={201: PropertySerializer},
        examples=[OpenApiExample("A flat to let", NEW, request_only=True)],
    ),
    update=operation(
        "Change a listing",
        description="Only what is sent changes.",
        request=PropertyInputSerializer(partial=True),
        responses=PropertySerializer,
    ),
    partial_update=operation(
        "Change a listing", request=PropertyInputSerializer, responses=PropertySerializer
    ),
    destroy=operation(
        "Withdraw a listing",
        description="It is no longer found, and its live visits are cancelled with a reason.",
        responses={204: None},
    ),
    images=operation(
        "Add an image",
        request=ImageInputSerializer,
        responses={201: ImageSerializer},
        examples=[OpenApiExample("A picture", IMAGE, request_only=True)],
    ),
    image=operation("Remove an image", responses={204: None}),
)(PropertyViewSet)


BEDROOMS = {"type": "integer", "minimum": 0}
PRICE = {"type": "number", "minimum": 0}

filters(
    PropertyFilter,
    property_type=choices(Property.Type),
    purpose=choices(Property.Purpose),
    bedrooms_min=BEDROOMS,
    bedrooms_max=BEDROOMS,
    price_min=PRICE,
    price_max=PRICE,
    amenities={
        "type": "string",
        "description": "Ids or titles, separated by commas; a listing has all of them.",
    },
    lat={"type": "number", "minimum": -90, "maximum": 90},
    lng={"type": "number", "minimum": -180, "maximum": 180},
    radius_km={"type": "number", "minimum": 0, "maximum": 500},
    available={"type": "boolean", "description": "true: only those that take visits."},
)


class AmenityNameAs(FieldAs):
    target_class = "properties.serializers.AmenityNameField"
    schema = {
        "oneOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "minLength": 1, "maxLength": 80},
        ],
        "description": "An id or a title.",
    }
