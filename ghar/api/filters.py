from collections.abc import Sequence
from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

from ghar.api.instants import parse_instant_or_date
from ghar.api.pagination import FLAGS
from ghar.api.query import not_blank
from ghar.text import clean_words
from ghar.validators import MAX_ID


class FilterBackend(DjangoFilterBackend):
    """django-filter's backend. It refuses bad values. ApiView refuses unknown names."""

    raise_exception = True

    def get_filterset_kwargs(self, request: Request, queryset: QuerySet[Any], view: Any) -> dict[str, Any]:
        return {**super().get_filterset_kwargs(request, queryset, view), "data": not_blank(request)}


class OrderingFilter(django_filters.OrderingFilter):
    """`ordering=` by the columns in `fields`. The order ends in the primary key, as pages need it."""

    def filter(self, qs: QuerySet[Any], value: Sequence[str]) -> QuerySet[Any]:
        terms = [self.get_ordering_value(param) for param in value or () if param]
        if not terms:
            return qs
        return qs.order_by(*terms, "-pk" if terms[-1].startswith("-") else "pk")


class IntegerFilter(django_filters.Filter):
    """Takes whole numbers only. django-filter's NumberFilter would cut 1.5 down to 1."""

    field_class = forms.IntegerField


class IdFilter(IntegerFilter):
    """Takes the id of a row."""

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name, min_value=1, max_value=MAX_ID)


class InstantFormField(forms.CharField):
    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        try:
            return parse_instant_or_date(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from None


class InstantFilter(django_filters.Filter):
    """Takes a date and time, or a date, which stands for its midnight UTC."""

    field_class = InstantFormField


class WordsFormField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return clean_words(super().to_python(value) or "")


class WordsFilter(django_filters.CharFilter):
    """Takes a text to look for. It is cleaned, so that it can be found (ghar.text)."""

    field_class = WordsFormField


class FlagFormField(forms.CharField):
    def clean(self, value: Any) -> bool | None:
        text = super().clean(value).lower()
        if text and text not in FLAGS:
            raise ValidationError(_("Enter true or false."))
        return FLAGS.get(text)


class FlagFilter(django_filters.BooleanFilter):
    """Takes true or false. django-filter's BooleanFilter would ignore any other value."""

    field_class = FlagFormField
