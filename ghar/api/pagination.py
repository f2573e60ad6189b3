"""Keyset pagination: a cursor holds the last row's place in the order, so no row is skipped or repeated.

Clients that show page numbers ask for `page=N` instead, and get numbered pages.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from typing import Any

from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from ghar.api.query import PAGING, not_blank

FLAGS = {"true": True, "1": True, "false": False, "0": False}


class InvalidCursor(APIException):
    status_code = 400
    default_code = "invalid_cursor"


@dataclass(frozen=True)
class Column:
    """One term of an order. By default PostgreSQL sorts NULLs last, and first when descending."""

    name: str
    descending: bool
    nullable: bool
    nulls_last: bool

    def value(self, row: Any) -> Any:
        if isinstance(row, dict):
            return row[self.name]
        return reduce(
            lambda part, name: getattr(part, name) if part else None, self.name.split(LOOKUP_SEP), row
        )

    def same(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True} if value is None else {self.name: value})

    def beyond(self, value: Any) -> Q:
        """Match the rows that this column alone puts after `value`."""
        null = Q(**{f"{self.name}__isnull": True})
        if value is None:
            return Q(pk__in=[]) if self.nulls_last else ~null
        later = Q(**{f"{self.name}__{'lt' if self.descending else 'gt'}": value})
        return later | null if self.nullable and self.nulls_last else later

    def bound(self, value: Any) -> Q:
        """Match all rows from `value` on, in a form for which PostgreSQL can use an index."""
        if value is None or self.nullable:
            return Q()
        return Q(**{f"{self.name}__{'lte' if self.descending else 'gte'}": value})


class KeysetPagination(BasePagination):
    default_limit = 20
    max_limit = 100
    # The last page that can be asked for by number: the database reads all rows before it.
    max_page = 100
    # The name under which numbered pages repeat their rows. A list of a view that names none has no such key.
    resource = ""
    # Whether a cursor belongs to one user. Where all users see the same list, it survives a log-in.
    is_personal = True

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        columns = order_columns(queryset)
        self.limit = self.get_limit(request)
        self.page = self.get_page(request)
        self.resource = getattr(view, "page_resource", "")
        needs_total = self.page is not None or get_flag(request, "include_total")
        self.total = queryset.count() if needs_total else None
        if self.page is not None:
            return list(queryset[(self.page - 1) * self.limit : self.page * self.limit])
        reader = request.user.pk if self.is_personal else "anybody"
        # The cursor is signed for this list, user, filters and order: any other one refuses it.
        place = f"{request.path.rstrip('/')} {reader} {list_filters(request, view)} {columns}"
        if cursor := not_blank(request).get("cursor"):
            queryset = queryset.filter(rows_after(columns, decode_cursor(cursor, place)))
        rows = list(queryset[: self.limit + 1])
        self.has_more = len(rows) > self.limit
        page = rows[: self.limit]
        last = [column.value(page[-1]) for column in columns] if self.has_more else None
        self.next_cursor = encode_cursor(last, place) if last else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        limit_and_total = {"limit": self.limit, "total": self.total}
        if self.page is None:
            after = {"next_cursor": self.next_cursor, "has_more": self.has_more}
            return Response({"items": data, **after, **limit_and_total})
        again = {self.resource: data} if self.resource else {}
        total_pages = -(-(self.total or 0) // self.limit)
        return Response(
            {"items": data, **again, "page": self.page, **limit_and_total, "total_pages": total_pages}
        )

    def get_page(self, request: Request) -> int | None:
        """Return the number of the page that is asked for, or None for the pages of cursors."""
        given = not_blank(request)
        text = given.get("page")
        if text is None:
            return None
        if "cursor" in given:
            raise ValidationError({"page": [_("Send either page or cursor.")]})
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        if not 1 <= number <= self.max_page:
            message = _("Enter a page from 1 to %(last)d. Longer lists are read with cursor.")
            raise ValidationError({"page": [message % {"last": self.max_page}]})
        return number

    def get_limit(self, request: Request) -> int:
        text = not_blank(request).get("limit", str(self.default_limit))
        if not (text.isascii() and text.isdigit() and text.strip("0")):
            raise ValidationError({"limit": [_("Enter a whole number from 1.")]})
        return min(int(text.lstrip("0")[:9]), self.max_limit)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        by_cursor = {"next_cursor": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}
        numbered = {
            "page": {"type": "integer", "minimum": 1, "maximum": self.max_page},
            "total_pages": {"type": "integer", "minimum": 0},
            **({self.resource: {**schema, "description": "The same as `items`."}} if self.resource else {}),
        }
        properties = {
            "items": schema,
            **by_cursor,
            "limit": {"type": "integer"},
            "total": {
                "type": ["integer", "null"],
                "description": "Only with include_total=true or a page number.",
            },
            **numbered,
        }
        return {
            "type": "object",
            "description": "With `page`, a numbered page; otherwise one with `next_cursor`.",
            "properties": properties,
            "required": ["items", "limit", "total"],
            "oneOf": [{"required": list(by_cursor)}, {"required": list(numbered)}],
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        schemas = {
            "cursor": {"type": "string"},
            "limit": {"type": "integer", "minimum": 1, "default": self.default_limit},
            "include_total": {"type": "boolean"},
            "page": {"type": "integer", "minimum": 1, "maximum": self.max_page},
        }
        return [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in schemas.items()
        ]


class OpenPagination(KeysetPagination):
    """Pagination of lists that anybody may read."""

    is_personal = False


def get_flag(request: Request, name: str) -> bool:
    text = not_blank(request).get(name, "false").lower()
    if text not in FLAGS:
        raise ValidationError({name: [_("Enter true or false.")]})
    return FLAGS[text]


def list_filters(request: Request, view: Any) -> list[tuple[str, list[str]]]:
    """Return the parameters that filter or order the list. A tool has no view, and knows all it is given."""
    given = not_blank(request)
    filterset = getattr(view, "filterset_class", None)
    known = given.keys() - PAGING if view is None else filterset.base_filters if filterset else ()
    return sorted((name, values) for name, values in given.lists() if name in known)


def order_columns(queryset: QuerySet[Any]) -> list[Column]:
    """Return the order of the queryset, which must be total and therefore end in the primary key."""
    query, meta = queryset.query, queryset.model._meta
    default = meta.ordering if query.default_ordering else ()
    columns = [order_column(queryset, term) for term in query.order_by or default]
    if not columns or columns[-1].name != meta.pk.name:
        raise ImproperlyConfigured(f"The order of a page of {meta.label} must end in its primary key")
    return columns


def order_column(queryset: QuerySet[Any], term: Any) -> Column:
    order = term if isinstance(term, OrderBy) else order_by(term)
    if not isinstance(order.expression, F):
        raise ImproperlyConfigured(f"Pages can be ordered by columns and annotations, not by {term!r}")
    name = order.expression.name  # type: ignore[attr-defined]  # the stubs lose the isinstance above
    name = queryset.model._meta.pk.name if name == "pk" else name
    nulls_last = bool(order.nulls_last) or not (order.descending or order.nulls_first)
    return Column(name, order.descending, is_nullable(queryset, name), nulls_last)


def order_by(term: Any) -> OrderBy:
    if not isinstance(term, str):
        return OrderBy(term)
    return OrderBy(F(term.lstrip("-")), descending=term.startswith("-"))


def is_nullable(queryset: QuerySet[Any], name: str) -> bool:
    """Return whether a column may be NULL. An annotation counts as nullable: nothing says otherwise."""
    if name in queryset.query.annotations:
        return True
    model, null = queryset.model, False
    for part in name.split(LOOKUP_SEP):
        field = model._meta.get_field(part)
        null, model = null or field.null, field.related_model
    return null


def rows_after(columns: list[Column], values: list[Any]) -> Q:
    """Match the rows after the one that has these values."""
    condition, equal = Q(pk__in=[]), Q()
    for column, value in zip(columns, values, strict=True):
        condition |= equal & column.beyond(value)
        equal &= column.same(value)
    return columns[0].bound(values[0]) & condition


def encode_cursor(values: list[Any], place: str) -> str:
    return signing.dumps([json_value(value) for value in values], salt=place, compress=True)


def decode_cursor(cursor: str, place: str) -> list[Any]:
    try:
        values: list[Any] = signing.loads(cursor, salt=place)
    except signing.BadSignature:
        raise InvalidCursor from None
    return values


def json_value(value: Any) -> Any:
    """Return a value as JSON that its field reads back without loss."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return str(value)
    raise ImproperlyConfigured(f"Pages cannot be ordered by {type(value).__name__}")
