from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.utils.translation import gettext as _

from ghar.api.filters import FlagFilter, IntegerFilter, OrderingFilter, WordsFilter
from ghar.text import clean_words
from ghar.validators import is_id
from properties.models import Property, PropertyQuerySet

MAX_RADIUS_KM = 500
MAX_QUERY_AMENITIES = 20
MAX_QUERY_LENGTH = 200
MAX_BEDROOMS = 32_767
PLACE = ("lat", "lng", "radius_km")
MAX_QUERY_IDS = 100


class NamesField(forms.Field):
    """Takes names separated by commas, from a parameter that may be repeated."""

    widget = forms.SelectMultiple
    default_validators = [ProhibitNullCharactersValidator(), MaxLengthValidator(MAX_QUERY_LENGTH)]

    def to_python(self, value: list[str] | None) -> list[str]:
        names = [clean_words(name) for part in value or [] for name in part.split(",")]
        return [name for name in names if name]

    def run_validators(self, value: list[str]) -> None:
        if len(value) > MAX_QUERY_AMENITIES:
            raise ValidationError(_("Enter at most %(limit)d amenities.") % {"limit": MAX_QUERY_AMENITIES})
        for name in value:
            super().run_validators(name)


class NamesFilter(django_filters.Filter):
    field_class = NamesField


class IdsField(NamesField):
    """Takes ids separated by commas, from a parameter that may be repeated."""

    def to_python(self, value: list[str] | None) -> list[str]:
        ids = super().to_python(value)
        if not all(is_id(text) for text in ids):
            raise ValidationError(_("Enter ids, separated by commas."))
        if len(ids) > MAX_QUERY_IDS:
            raise ValidationError(_("Enter at most %(limit)d ids.") % {"limit": MAX_QUERY_IDS})
        return ids

    def run_validators(self, value: list[str]) -> None:
        """Leave the ids as they are: `to_python` has checked them."""


class IdsFilter(django_filters.Filter):
    field_class = IdsField


class FloatFilter(django_filters.Filter):
    field_class = forms.FloatField


class PropertyFilterForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        """Require all three parameters of a place, or none. `radius` is another name of `radius_km`."""
        if self.cleaned_data.get("radius_km") is None and "radius_km" not in self.errors:
            self.cleaned_data["radius_km"] = self.cleaned_data.get("radius")
        given = {name for name in PLACE if self.cleaned_data.get(name) is not None or name in self.errors}
        if "radius" in self.errors:
            given.add("radius_km")
        if given:
            for name in PLACE:
                if name not in given:
                    names = ", ".join(PLACE)
                    self.add_error(name, _("Send %(names)s together.") % {"names": names})
        return self.cleaned_data


class PropertyFilter(django_filters.FilterSet):
    q = WordsFilter(method="filter_text", max_length=MAX_QUERY_LENGTH)
    city = WordsFilter(lookup_expr="same_text", max_length=MAX_QUERY_LENGTH)
    locality = WordsFilter(lookup_expr="same_text", max_length=MAX_QUERY_LENGTH)
    property_type = django_filters.MultipleChoiceFilter(choices=Property.Type, distinct=False)
    purpose = django_filters.MultipleChoiceFilter(choices=Property.Purpose, distinct=False)
    price_min = django_filters.NumberFilter("base_price", "gte", max_digits=14, decimal_places=2)
    price_max = django_filters.NumberFilter("base_price", "lte", max_digits=14, decimal_places=2)
    bedrooms_min = IntegerFilter("bedrooms", "gte", min_value=0, max_value=MAX_BEDROOMS)
    bedrooms_max = IntegerFilter("bedrooms", "lte", min_value=0, max_value=MAX_BEDROOMS)
    amenities = NamesFilter(
        method="filter_amenities", help_text="Ids or titles. Listings must have all of them."
    )
    lat = FloatFilter(method="read_with_radius", min_value=-90, max_value=90)
    lng = FloatFilter(method="read_with_radius", min_value=-180, max_value=180)
    radius_km = FloatFilter(method="filter_radius", min_value=0, max_value=MAX_RADIUS_KM)
    radius = FloatFilter(
        method="read_with_radius", min_value=0, max_value=MAX_RADIUS_KM, help_text="The same as radius_km."
    )
    status = django_filters.MultipleChoiceFilter(choices=Property.Status, distinct=False)
    ids = IdsFilter("pk", "in", help_text="Ids, separated by commas.")
    available = FlagFilter(method="filter_available", help_text="true: only listings that take visits.")
    ordering = OrderingFilter(fields=["created_at", "base_price"])
    sort_by = OrderingFilter(fields=["created_at", "base_price"])

    class Meta:
        model = Property
        fields: list[str] = []
        form = PropertyFilterForm

    def filter_text(self, properties: PropertyQuerySet, name: str, value: str) -> PropertyQuerySet:
        return properties.search(value)

    def filter_amenities(self, properties: PropertyQuerySet, name: str, value: list[str]) -> PropertyQuerySet:
        return properties.with_amenities(value)

    def read_with_radius(self, properties: PropertyQuerySet, name: str, value: float) -> PropertyQuerySet:
        """Leave `lat`, `lng` and `radius` to `radius_km`: one alone filters nothing."""
        return properties

    def filter_radius(self, properties: PropertyQuerySet, name: str, value: float) -> PropertyQuerySet:
        place = self.form.cleaned_data
        return properties.near(place["lat"], place["lng"], value)

    def filter_available(self, properties: PropertyQuerySet, name: str, value: bool) -> PropertyQuerySet:
        return properties.available() if value else properties
