from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """A page on which somebody watches what he hears."""
    response = render(request, "events.html")
    response["Content-Security-Policy"] = "default-src 'self'"
    return response
