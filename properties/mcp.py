"""What assistants may do with listings."""

from typing import Any

from rest_framework import serializers

from ghar.api.fields import FiniteFloatField, NumberField
from ghar.mcp.pages import PageInput, page, page_serializer
from ghar.mcp.server import Call, tool, users
from properties.filters import (
    MAX_BEDROOMS,
    MAX_QUERY_AMENITIES,
    MAX_QUERY_LENGTH,
    MAX_RADIUS_KM,
    PropertyFilter,
)
from properties.models import Property
from properties.serializers import PropertySerializer

ORDERS = ["created_at", "-created_at", "base_price", "-base_price"]


class SearchInput(PageInput):
    q = serializers.CharField(
        max_length=MAX_QUERY_LENGTH,
        required=False,
        help_text="Words that title, address or description all contain.",
    )
    city = serializers.CharField(
        max_length=MAX_QUERY_LENGTH, required=False, help_text="Exactly, in any case: Mumbai."
    )
    locality = serializers.CharField(
        max_length=MAX_QUERY_LENGTH, required=False, help_text="Exactly, in any case."
    )
    property_type = serializers.ListField(
        child=serializers.ChoiceField(Property.Type.choices), required=False, help_text="Any of these."
    )
    purpose = serializers.ListField(
        child=serializers.ChoiceField(Property.Purpose.choices), required=False, help_text="Any of these."
    )
    price_min = NumberField(
        min_value=0, required=False, help_text="Of base_price: per month for rent, in the local currency."
    )
    price_max = NumberField(min_value=0, required=False, help_text="As price_min.")
    bedrooms_min = serializers.IntegerField(
        min_value=0, max_value=MAX_BEDROOMS, required=False, help_text="At least so many bedrooms."
    )
    bedrooms_max = serializers.IntegerField(
        min_value=0,
        max_value=MAX_BEDROOMS,
        required=False,
        help_text="At most so many: 2 in both for a 2 BHK. Listings without a number are left out.",
    )
    amenities = serializers.ListField(
        child=serializers.CharField(max_length=MAX_QUERY_LENGTH),
        max_length=MAX_QUERY_AMENITIES,
        required=False,
        help_text="Titles, such as Lift; a listing has all of them.",
    )
    lat = FiniteFloatField(
        min_value=-90, max_value=90, required=False, help_text="Degrees north, with lng and radius_km."
    )
    lng = FiniteFloatField(min_value=-180, max_value=180, required=False, help_text="Degrees east.")
    radius_km = FiniteFloatField(
        min_value=0, max_value=MAX_RADIUS_KM, required=False, help_text="Kilometres."
    )
    available = serializers.BooleanField(
        required=False, help_text="true: only listings that take visits, which is what a visitor wants."
    )
    ordering = serializers.ChoiceField(ORDERS, required=False, help_text="Newest first unless given.")


@tool(
    users,
    description=(
        "Find listings (homes, offices, rooms) by words, place, kind, price or size. Its ids are those that"
        " visits_slots and visits_schedule take as property_id. Prices are in the currency of the listing's"
        " country (rupees in India), areas in square feet."
    ),
    takes=SearchInput,
    gives=page_serializer(PropertySerializer)(),
)
def properties_search(request: Call, **asked: Any) -> dict[str, Any]:
    listings = Property.objects.visible_to(request.user).with_details()
    return page(
        request, listings, PropertySerializer, asked, name="properties_search", filters=PropertyFilter
    )
