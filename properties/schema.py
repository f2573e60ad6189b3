"""OpenAPI descriptions of the filters of listings, and of the routes of images."""

from drf_spectacular.utils import extend_schema_view

from ghar.api.openapi import FieldSchema, choices_schema, describe_filters, operation, request_example
from properties.filters import PropertyFilter
from properties.models import Property
from properties.serializers import ImageInputSerializer, ImageSerializer
from properties.views import PropertyImageViewSet

IMAGE = {"image_url": "https://example.com/living-room.jpg", "caption": "Living room"}
BEDROOMS_SCHEMA = {"type": "integer", "minimum": 0}
PRICE_SCHEMA = {"type": "number", "minimum": 0}

extend_schema_view(
    images=operation(
        "Add an image",
        request=ImageInputSerializer,
        responses={201: ImageSerializer},
        examples=[request_example("A picture", IMAGE)],
    ),
    image=operation("Remove an image", responses={204: None}),
)(PropertyImageViewSet)

describe_filters(
    PropertyFilter,
    property_type=choices_schema(Property.Type),
    purpose=choices_schema(Property.Purpose),
    bedrooms_min=BEDROOMS_SCHEMA,
    bedrooms_max=BEDROOMS_SCHEMA,
    price_min=PRICE_SCHEMA,
    price_max=PRICE_SCHEMA,
    amenities={
        "type": "string",
        "description": "Ids or titles, separated by commas. Listings must have all of them.",
    },
    lat={"type": "number", "minimum": -90, "maximum": 90},
    lng={"type": "number", "minimum": -180, "maximum": 180},
    radius_km={"type": "number", "minimum": 0, "maximum": 500},
    radius={"type": "number", "minimum": 0, "maximum": 500, "description": "The same as radius_km."},
    status=choices_schema(Property.Status),
    ids={"type": "string", "description": "Ids, separated by commas."},
    available={"type": "boolean", "description": "true: only listings that take visits."},
)


class AmenityNameSchema(FieldSchema):
    target_class = "properties.serializers.AmenityNameField"
    schema = {
        "oneOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "minLength": 1, "maxLength": 80},
        ],
        "description": "An id or a title.",
    }
