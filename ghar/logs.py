"""One JSON object per line, and one line per request: no token, password, phone number, address or query."""

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

current_request: ContextVar[str] = ContextVar("current_request", default="")
access = logging.getLogger("ghar.request")

# What errors of the database and of libraries quote. Our own lines name people by id.
PRIVATE = re.compile(
    r"(?i:\bbearer\s+\S+)"
    r"|(?i:\b(?:ticket|token|password|secret|cursor)\w*[\"']?\s*[=:]\s*\S+)"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|\+\d[\d ]{7,}\d|(?<!\d)\d{10,15}(?!\d)"
)
REMOVED = "[removed]"


class JSONFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrubbed(message_of(record)),
        }
        if found := current_request.get():
            line["request_id"] = found
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["error"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def message_of(record: logging.LogRecord) -> str:
    """Django names the path of a failed request, and a path may hold a secret: name its route."""
    request = getattr(record, "request", None)
    if not isinstance(request, HttpRequest):
        return record.getMessage()
    arguments = record.args if isinstance(record.args, tuple) else ()
    return str(record.msg) % tuple(route_of(request) if part == request.path else part for part in arguments)


def scrubbed(text: str) -> str:
    return PRIVATE.sub(REMOVED, text)


class AccessLog:
    """Writes down who asked for which route, what came of it, and how long it took; no static files."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        if request.path_info.startswith(settings.STATIC_URL):
            return response
        fields = {
            "method": request.method,
            "route": route_of(request),
            "status": response.status_code,
            "ms": round((time.perf_counter() - began) * 1000, 1),
            "user_id": user_of(request),
        }
        access.info("%(method)s %(route)s %(status)s", fields, extra={"fields": fields})
        return response


def route_of(request: HttpRequest) -> str:
    """The pattern that matched: an address itself may hold what is nobody else's business."""
    return readable(request.resolver_match.route) if request.resolver_match else "-"


@cache
def readable(route: str) -> str:
    """/api/v1/visits/{pk} of api/v1/^visits/(?P<pk>[0-9]+)/?$"""
    named = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route)
    return "/" + named.replace("^", "").removesuffix("$").removesuffix("/?")


def user_of(request: HttpRequest) -> Any:
    """The id of who was recognised; nobody is looked up for the log's sake."""
    user = getattr(request, "_cached_user", None) or vars(request).get("user")
    return None if isinstance(user, SimpleLazyObject) else getattr(user, "pk", None)
