"""Answers for load balancers: /healthz, whether the process lives, and /readyz, whether it can serve."""

import logging
from datetime import timedelta
from functools import cache
from time import monotonic

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ghar import doctor
from ghar.api.errors import problem_response
from ghar.migration_state import START_AGAIN, is_from_before_release, missing_migrations
from ghar.streams.hub import hub

# The answer names at most this many missing migrations.
MAX_NAMED = 3
# How long an answer about time zones is good for.
LOOK_AGAIN = timedelta(minutes=10)

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process answers at all. When it does not, restart it."""
    return JsonResponse({"status": "ok"})


class Unmigrated(Exception):
    """The database lacks migrations that this code needs."""


@cache
def require_migrations() -> None:
    """Raise Unmigrated until all migrations are applied.

    `cache` keeps the success only: an exception is not cached, so the question is asked again.
    """
    if is_from_before_release(connection):
        raise Unmigrated(START_AGAIN)
    if missing := missing_migrations():
        more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
        named = ", ".join(missing[:MAX_NAMED])
        raise Unmigrated(f"Migrations are not applied: {named}{more}. Run: python manage.py migrate")


class TimeWatch:
    """Reports clocks and time zones that are wrong, and looks again after LOOK_AGAIN.

    The process serves all the same: most times are right, and another process would find the same.
    """

    def __init__(self) -> None:
        self.looked_at: float | None = None
        self.warnings: list[str] = []

    def look(self) -> list[str]:
        """Return what is wrong, one text for each, in the words of the doctor. Log what is new."""
        if self.looked_at is None or monotonic() - self.looked_at > LOOK_AGAIN.total_seconds():
            warnings = [f"{each.name}: {each.seen}. {each.todo}" for each in doctor.time_findings()]
            for warning in set(warnings) - set(self.warnings):
                logger.error(warning)
            self.looked_at, self.warnings = monotonic(), warnings
        return self.warnings


time_watch = TimeWatch()


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 503 while requests would fail: no database, missing migrations, or no event listener.

    `warnings` tells of clocks and time zones that are not the database's. It is left out when all is well.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        require_migrations()
        warnings = time_watch.look()
    except Unmigrated as error:
        return problem_response(503, "unavailable", str(error))
    except DatabaseError:
        return problem_response(503, "unavailable", "The database does not answer.")
    if hub.is_started and not hub.is_listening:
        return problem_response(503, "unavailable", "The event listener has no connection to the database.")
    return JsonResponse({"status": "ok", **({"warnings": warnings} if warnings else {})})
