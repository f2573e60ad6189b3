from collections.abc import Sequence
from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend

from ghar.api.fields import parse_instant_or_date
from ghar.api.pagination import FLAGS


class FilterBackend(DjangoFilterBackend):
    """django-filter's, always refusing bad values; parameters that no filter knows are ignored."""

    raise_exception = True


class OrderingFilter(django_filters.OrderingFilter):
    """`ordering=` by the columns named in `fields`, ending in the key, as a page needs it."""

    def filter(self, qs: QuerySet[Any], value: Sequence[str]) -> QuerySet[Any]:
        terms = [self.get_ordering_value(param) for param in value or () if param]
        if not terms:
            return qs
        return qs.order_by(*terms, "-pk" if terms[-1].startswith("-") else "pk")


class InstantFormField(forms.CharField):
    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        try:
            return parse_instant_or_date(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from None


class InstantFilter(django_filters.Filter):
    """A moment, or a date that stands for its midnight UTC."""

    field_class = InstantFormField


class FlagFormField(forms.CharField):
    def clean(self, value: Any) -> bool | None:
        text = super().clean(value).lower()
        if text and text not in FLAGS:
            raise ValidationError("Give true or false.")
        return FLAGS.get(text)


class FlagFilter(django_filters.BooleanFilter):
    """Refuses what is neither true nor false, where django-filter's own shows everything."""

    field_class = FlagFormField
