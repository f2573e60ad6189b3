from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator

from ghar.api.filters import FlagFilter, OrderingFilter, WholeFilter
from properties.models import Property, PropertyQuerySet

RADIUS_KM = 500
AMENITIES = 20
LENGTH = 200
MAX_BEDROOMS = 32_767
PLACE = ("lat", "lng", "radius_km")


class NamesField(forms.Field):
    """Names separated by commas, the parameter repeated, or both."""

    widget = forms.SelectMultiple
    default_validators = [ProhibitNullCharactersValidator(), MaxLengthValidator(LENGTH)]

    def to_python(self, value: list[str] | None) -> list[str]:
        names = [name.strip() for part in value or [] for name in part.split(",")]
        return [name for name in names if name]

    def run_validators(self, value: list[str]) -> None:
        if len(value) > AMENITIES:
            raise ValidationError(f"Give at most {AMENITIES}.")
        for name in value:
            super().run_validators(name)


class NamesFilter(django_filters.Filter):
    field_class = NamesField


class FloatFilter(django_filters.Filter):
    field_class = forms.FloatField


class PropertyForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        """A place takes all three of PLACE, or none."""
        given = {name for name in PLACE if self.cleaned_data.get(name) is not None or name in self.errors}
        if given:
            for name in PLACE:
                if name not in given:
                    self.add_error(name, f"Give {', '.join(PLACE)} together.")
        return self.cleaned_data


class PropertyFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="search", max_length=LENGTH)
    city = django_filters.CharFilter(lookup_expr="iexact", max_length=LENGTH)
    locality = django_filters.CharFilter(lookup_expr="iexact", max_length=LENGTH)
    property_type = django_filters.MultipleChoiceFilter(choices=Property.Type, distinct=False)
    purpose = django_filters.MultipleChoiceFilter(choices=Property.Purpose, distinct=False)
    price_min = django_filters.NumberFilter("base_price", "gte", max_digits=14, decimal_places=2)
    price_max = django_filters.NumberFilter("base_price", "lte", max_digits=14, decimal_places=2)
    bedrooms_min = WholeFilter("bedrooms", "gte", min_value=0, max_value=MAX_BEDROOMS)
    bedrooms_max = WholeFilter("bedrooms", "lte", min_value=0, max_value=MAX_BEDROOMS)
    amenities = NamesFilter(method="with_amenities", help_text="Ids or titles; a listing has all of them.")
    lat = FloatFilter(method="part_of_place", min_value=-90, max_value=90)
    lng = FloatFilter(method="part_of_place", min_value=-180, max_value=180)
    radius_km = FloatFilter(method="near", min_value=0, max_value=RADIUS_KM)
    available = FlagFilter(method="open_to_visits", help_text="true: only those that take visits.")
    ordering = OrderingFilter(fields=["created_at", "base_price"])

    class Meta:
        model = Property
        fields: list[str] = []
        form = PropertyForm

    def search(self, listings: PropertyQuerySet, name: str, value: str) -> PropertyQuerySet:
        return listings.search(value)

    def with_amenities(self, listings: PropertyQuerySet, name: str, value: list[str]) -> PropertyQuerySet:
        return listings.with_amenities(value)

    def part_of_place(self, listings: PropertyQuerySet, name: str, value: float) -> PropertyQuerySet:
        return listings

    def near(self, listings: PropertyQuerySet, name: str, value: float) -> PropertyQuerySet:
        place = self.form.cleaned_data
        return listings.near(place["lat"], place["lng"], value)

    def open_to_visits(self, listings: PropertyQuerySet, name: str, value: bool) -> PropertyQuerySet:
        return listings.available() if value else listings
