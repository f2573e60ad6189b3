"""The tool for listings."""

from typing import Any

from rest_framework import serializers

from ghar.api.fields import FiniteFloatField, NumberField
from ghar.mcp.pages import PageInput, list_page, page_serializer
from ghar.mcp.server import ToolRequest, tool, user_server
from properties.filters import (
    MAX_BEDROOMS,
    MAX_QUERY_AMENITIES,
    MAX_QUERY_LENGTH,
    MAX_RADIUS_KM,
    PropertyFilter,
)
from properties.models import Property
from properties.serializers import PropertySerializer

ORDERINGS = ["created_at", "-created_at", "base_price", "-base_price"]


class SearchInput(PageInput):
    q = serializers.CharField(
        max_length=MAX_QUERY_LENGTH,
        required=False,
        help_text="Words that must all occur in the title, the address or the description.",
    )
    city = serializers.CharField(
        max_length=MAX_QUERY_LENGTH,
        required=False,
        help_text="The exact name, such as Mumbai, in any case.",
    )
    locality = serializers.CharField(
        max_length=MAX_QUERY_LENGTH, required=False, help_text="The exact name. Case does not matter."
    )
    property_type = serializers.ListField(
        child=serializers.ChoiceField(Property.Type.choices), required=False, help_text="Any of these."
    )
    purpose = serializers.ListField(
        child=serializers.ChoiceField(Property.Purpose.choices), required=False, help_text="Any of these."
    )
    price_min = NumberField(
        min_value=0,
        required=False,
        help_text="The lowest base_price: the rent per month, or the price; in the local currency.",
    )
    price_max = NumberField(min_value=0, required=False, help_text="The highest base_price.")
    bedrooms_min = serializers.IntegerField(
        min_value=0, max_value=MAX_BEDROOMS, required=False, help_text="The smallest number of bedrooms."
    )
    bedrooms_max = serializers.IntegerField(
        min_value=0,
        max_value=MAX_BEDROOMS,
        required=False,
        help_text=(
            "The largest number of bedrooms; for a 2 BHK, give 2 as minimum and maximum. Listings that don't"
            " say how many they have are left out."
        ),
    )
    amenities = serializers.ListField(
        child=serializers.CharField(max_length=MAX_QUERY_LENGTH),
        max_length=MAX_QUERY_AMENITIES,
        required=False,
        help_text="Titles, such as Lift. Listings that have all of them.",
    )
    lat = FiniteFloatField(
        min_value=-90,
        max_value=90,
        required=False,
        help_text="Latitude in degrees north, together with lng and radius_km.",
    )
    lng = FiniteFloatField(
        min_value=-180, max_value=180, required=False, help_text="Longitude in degrees east."
    )
    radius_km = FiniteFloatField(
        min_value=0, max_value=MAX_RADIUS_KM, required=False, help_text="Distance from there in kilometres."
    )
    available = serializers.BooleanField(
        required=False, help_text="true: only listings that take visits, which visitors usually want."
    )
    ordering = serializers.ChoiceField(ORDERINGS, required=False, help_text="By default, newest first.")


@tool(
    user_server,
    description=(
        "Search listings (homes, offices, rooms) by words, place, type, price or size. visits_slots and"
        " visits_schedule take their ids as property_id. Prices are in the currency of the listing's country"
        " (rupees in India), areas in square feet."
    ),
    input=SearchInput,
    output=page_serializer(PropertySerializer)(),
)
def properties_search(request: ToolRequest, **arguments: Any) -> dict[str, Any]:
    listings = Property.objects.visible_to(request.user).with_details()
    return list_page(
        request, listings, PropertySerializer, arguments, name="properties_search", filters=PropertyFilter
    )
