"""Whether to restart this process, and whether to send it requests."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ghar.api.errors import problem_response
from ghar.streams.hub import hub


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return problem_response(503, "unavailable", "The database does not answer.")
    if hub.is_started and not hub.is_listening:
        return problem_response(503, "unavailable", "The event listener has no connection to the database.")
    return JsonResponse({"status": "ok"})
