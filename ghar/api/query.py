"""The query parameters of a request."""

from django.http import QueryDict
from rest_framework.request import Request


def not_blank(request: Request) -> QueryDict:
    """Return the parameters without blank ones: clients also send the fields of a form that are empty."""
    found = QueryDict(mutable=True)
    for name, values in request.query_params.lists():
        if given := [value for value in values if value.strip()]:
            found.setlist(name, given)
    return found
