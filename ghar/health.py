"""Whether to restart this process, and whether to send it requests."""

from functools import cache

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ghar.api.errors import problem_response
from ghar.migration_state import START_AGAIN, is_from_before_release, missing_migrations
from ghar.streams.hub import hub

# So many migrations are named to who asks.
NAMED = 3


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


class Unmigrated(Exception):
    """The database is not the one that this code knows."""


@cache
def require_migrations() -> None:
    """Asked again until all are applied: what raises is not kept."""
    if is_from_before_release(connection):
        raise Unmigrated(START_AGAIN)
    if missing := missing_migrations():
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        named = ", ".join(missing[:NAMED])
        raise Unmigrated(f"Migrations are not applied: {named}{more}. Run: python manage.py migrate")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        require_migrations()
    except Unmigrated as error:
        return problem_response(503, "unavailable", str(error))
    except DatabaseError:
        return problem_response(503, "unavailable", "The database does not answer.")
    if hub.is_started and not hub.is_listening:
        return problem_response(503, "unavailable", "The event listener has no connection to the database.")
    return JsonResponse({"status": "ok"})
