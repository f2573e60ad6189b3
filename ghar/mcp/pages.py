"""REST's pages and filters, asked by a tool."""

from typing import Any

from django.http import HttpRequest, QueryDict
from django_filters.utils import translate_validation
from rest_framework import serializers
from rest_framework.request import Request

from ghar.api.fields import StrictSerializer
from ghar.api.pagination import KeysetPagination
from ghar.api.query import not_blank

Asked = dict[str, Any]


class PageInput(StrictSerializer):
    cursor = serializers.CharField(
        required=False, max_length=2_000, help_text="next_cursor of the page before, with the same arguments."
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=KeysetPagination.max_limit,
        default=KeysetPagination.default_limit,
        help_text=f"How many items of the list at a time, from 1 to {KeysetPagination.max_limit}.",
    )


def page_serializer(rows: type[serializers.BaseSerializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The shape of a page of such rows."""
    fields = {
        "items": rows(many=True),
        "next_cursor": serializers.CharField(allow_null=True),
        "has_more": serializers.BooleanField(),
        "limit": serializers.IntegerField(),
        "total": serializers.IntegerField(allow_null=True),
    }
    return type(f"{rows.__name__}Page", (serializers.Serializer,), fields)


def page(
    request: HttpRequest, rows: Any, serializer: type[Any], asked: Asked, *, name: str, filters: Any = None
) -> dict[str, Any]:
    """One page. `name` is the tool's: a cursor of another list is refused."""
    question = rest_request(request, asked, name)
    if filters is not None:
        filterset = filters(not_blank(question), rows, request=question)
        if not filterset.is_valid():
            raise translate_validation(filterset.errors)
        rows = filterset.qs
    paginator = KeysetPagination()
    found = paginator.paginate_queryset(rows, question)
    data = serializer(found, many=True, context={"request": request}).data
    return paginator.get_paginated_response(data).data


def rest_request(request: HttpRequest, asked: Asked, name: str) -> Request:
    """The same question as a GET."""
    plain = HttpRequest()
    plain.method, plain.path, plain.GET = "GET", f"{request.path}/{name}", query(asked)  # type: ignore[assignment]
    question = Request(plain)
    question.user = request.user
    return question


def query(asked: Asked) -> QueryDict:
    found = QueryDict(mutable=True)
    for name, value in asked.items():
        values = value if isinstance(value, list) else [value]
        found.setlist(name, [str(one).lower() if isinstance(one, bool) else str(one) for one in values])
    return found
