"""The pages of the site that belong to no app."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@require_safe
@never_cache
def live_events(request: HttpRequest) -> HttpResponse:
    """Show the user's events as they arrive."""
    return render(request, "events.html")
