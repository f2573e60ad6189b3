"""What a URL asks for: a parameter that is blank is not given."""

from django.http import QueryDict
from rest_framework.request import Request


def not_blank(request: Request) -> QueryDict:
    """The parameters without the blank ones: those of a form that was sent half empty."""
    found = QueryDict(mutable=True)
    for name, values in request.query_params.lists():
        if given := [value for value in values if value.strip()]:
            found.setlist(name, given)
    return found
