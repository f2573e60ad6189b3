"""Pages and filters of REST's lists, for tools."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django_filters import FilterSet
from django_filters.utils import translate_validation
from rest_framework import serializers
from rest_framework.request import Request

from ghar.api.fields import StrictSerializer
from ghar.api.pagination import KeysetPagination
from ghar.api.query import not_blank

Arguments = dict[str, Any]


class PageInput(StrictSerializer):
    cursor = serializers.CharField(
        required=False,
        max_length=2_000,
        help_text="next_cursor of the previous page, with otherwise the same arguments.",
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=KeysetPagination.max_limit,
        default=KeysetPagination.default_limit,
        help_text=f"Items per page, from 1 to {KeysetPagination.max_limit}.",
    )


def page_serializer(rows: type[serializers.BaseSerializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return a serializer class that describes a page of rows of that class."""
    fields = {
        "items": rows(many=True),
        "next_cursor": serializers.CharField(allow_null=True),
        "has_more": serializers.BooleanField(),
        "limit": serializers.IntegerField(),
        "total": serializers.IntegerField(allow_null=True),
    }
    return type(f"{rows.__name__}Page", (serializers.Serializer,), fields)


def list_page(
    request: HttpRequest,
    rows: QuerySet[Any],
    serializer: type[serializers.BaseSerializer[Any]],
    arguments: Arguments,
    *,
    name: str,
    filters: type[FilterSet] | None = None,
) -> dict[str, Any]:
    """Return the page of `rows` that a tool's arguments ask for, as REST's list would.

    `name` tells this list from all others: its cursors are refused elsewhere. Raises REST framework's
    ValidationError for filters, and InvalidCursor.
    """
    rest_request = as_rest_request(request, arguments, name)
    if filters is not None:
        filterset = filters(not_blank(rest_request), rows, request=rest_request)
        if not filterset.is_valid():  # type: ignore[no-untyped-call]  # the library's
            raise translate_validation(filterset.errors)
        rows = filterset.qs
    paginator = KeysetPagination()
    items = paginator.paginate_queryset(rows, rest_request)
    data = serializer(items, many=True, context={"request": request}).data
    page: dict[str, Any] = paginator.get_paginated_response(data).data
    return page


def as_rest_request(request: HttpRequest, arguments: Arguments, name: str) -> Request:
    """Return the GET request of REST that asks the same of the same user."""
    get_request = HttpRequest()
    get_request.method, get_request.path = "GET", f"{request.path}/{name}"
    get_request.GET = as_query(arguments)  # type: ignore[assignment]  # HttpRequest has an immutable one
    rest_request = Request(get_request)
    rest_request.user = request.user
    return rest_request


def as_query(arguments: Arguments) -> QueryDict:
    """Return arguments as the parameters of a URL: a list becomes a parameter that is repeated."""
    query = QueryDict(mutable=True)
    for name, value in arguments.items():
        values = value if isinstance(value, list) else [value]
        query.setlist(name, [str(each).lower() if isinstance(each, bool) else str(each) for each in values])
    return query
