"""The query parameters of a request, and which of them a route knows."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGING = frozenset({"cursor", "limit", "include_total", "page"})
# JavaScript writes these into a URL for a cursor or a page that it does not have.
ABSENT = {"null", "undefined"}
# Names in messages are cut to so many characters.
MAX_NAME = 100

Handler = TypeVar("Handler", bound=Callable[..., Any])


def not_blank(request: Request) -> QueryDict:
    """Return the parameters without blank ones: clients also send the fields of a form that are empty."""
    found = QueryDict(mutable=True)
    for name, values in request.query_params.lists():
        if given := [value for value in values if not is_absent(name, value)]:
            found.setlist(name, given)
    return found


def is_absent(name: str, value: str) -> bool:
    text = value.strip()
    return not text or (name in PAGING and text in ABSENT)


def takes_query(*names: str) -> Callable[[Handler], Handler]:
    """Name the query parameters that a method of a view reads. All others are refused."""

    def declare(handler: Handler) -> Handler:
        handler.query_names = frozenset(names)  # type: ignore[attr-defined]  # read by ApiView
        return handler

    return declare


def returns_page(resource: str, *, filtered: bool = False) -> Callable[[Handler], Handler]:
    """Declare that a method of a viewset returns a page, in which numbered pages name the rows `resource`.

    With `filtered`, it takes the filters of the viewset's `filterset_class`.
    """

    def declare(handler: Handler) -> Handler:
        handler.page_resource = resource  # type: ignore[attr-defined]  # read by ApiViewSet
        handler.is_filtered = filtered  # type: ignore[attr-defined]
        return handler

    return declare


def check_query_names(request: Request, known: Collection[str]) -> None:
    """Raise ValidationError for parameters that the route does not know.

    To ignore them would be to answer another question than the one that was asked.
    """
    if unknown := [name for name in request.query_params if name not in known]:
        names = ", ".join(sorted(known))
        text = _("This route knows no such parameter. It takes: %(names)s.") % {"names": names}
        message = text if known else _("This route takes no parameters in its URL.")
        raise ValidationError({name[:MAX_NAME]: [message] for name in unknown})
