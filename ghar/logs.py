"""JSON logs: one object per line, and one line per request.

No line holds a token, a password, a phone number, an email address or a query string.
"""

import json
import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# The id of the request that this thread or task works on; empty outside of one.
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")
access_log = logging.getLogger("ghar.request")

# Errors of the database and of libraries quote such values. Our own lines name people by id.
PRIVATE = re.compile(
    r"(?i:\bbearer\s+\S+)"
    r"|(?i:\b(?:ticket|token|password|secret|cursor)\w*[\"']?\s*[=:]\s*\S+)"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    # Phone numbers: international, or ten to fifteen digits that are no part of a longer number.
    r"|\+\d[\d ]{7,}\d|(?<!\d)\d{10,15}(?!\d)"
)
REMOVED = "[removed]"


class JSONFormatter(logging.Formatter):
    """Formats a record as a JSON object; `fields` passed as `extra` become its keys."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(message_without_path(record)),
        }
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["error"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def message_without_path(record: logging.LogRecord) -> str:
    """Return the record's message with the request's route in place of its path.

    Django logs the path of a failed request, and a path may hold a secret.
    """
    request = getattr(record, "request", None)
    if not isinstance(request, HttpRequest):
        return record.getMessage()
    arguments = record.args if isinstance(record.args, tuple) else ()
    return str(record.msg) % tuple(
        request_route(request) if argument == request.path else argument for argument in arguments
    )


def scrub(text: str) -> str:
    """Replace whatever looks private."""
    return PRIVATE.sub(REMOVED, text)


class AccessLog:
    """Middleware that logs each request: its route, user, status and duration. Static files are left out."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        if request.path_info.startswith(settings.STATIC_URL):
            return response
        fields = {
            "method": request.method,
            "route": request_route(request),
            "status": response.status_code,
            "ms": round((time.perf_counter() - began) * 1000, 1),
            "user_id": known_user_id(request),
        }
        access_log.info("%(method)s %(route)s %(status)s", fields, extra={"fields": fields})
        return response


def request_route(request: HttpRequest) -> str:
    """Return the URL pattern that matched, as readable text; "-" when none did. Paths may be private."""
    return readable_route(request.resolver_match.route) if request.resolver_match else "-"


@cache
def readable_route(pattern: str) -> str:
    """Return "/api/v1/visits/{pk}" for "api/v1/^visits/(?P<pk>[0-9]+)/?$"."""
    named = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", pattern)
    return "/" + named.replace("^", "").removesuffix("$").removesuffix("/?")


def known_user_id(request: HttpRequest) -> int | None:
    """Return the id of the user whom the request has been authenticated as.

    The log never looks a user up: a session that nothing has asked for stays a lazy object.
    """
    user = getattr(request, "_cached_user", None) or vars(request).get("user")
    return None if isinstance(user, SimpleLazyObject) else getattr(user, "pk", None)
