"""Errors as RFC 9457 problems. No other module knows the HTTP status of an error."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from django.utils.translation import gettext, gettext_noop
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from ghar.api.renderers import encode
from ghar.errors import DomainError
from ghar.transactions import TransactionContention

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 2
CHALLENGE = "Bearer"
# Tells the client of a read that anybody may make that its token no longer counts.
INVALID_TOKEN = f'{CHALLENGE} error="invalid_token"'

# The contract's codes. A code that is not listed means a conflict with the present state: 409.
STATUSES = {
    "validation_error": 400,
    "parse_error": 400,
    "invalid_cursor": 400,
    "not_authenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "idempotency_key_reused": 422,
    "throttled": 429,
    "internal_error": 500,
    "unavailable": 503,
}

# The detail of an error that has no text of its own. It is translated when the answer is written: the
# server's guard, which uses this table too, answers before a language is known.
DETAILS = {
    "validation_error": gettext_noop("The request is not valid. Check the URL, the headers and the body."),
    "parse_error": gettext_noop("The body is not valid JSON."),
    "invalid_cursor": gettext_noop(
        "This cursor does not belong to this list and its filters. Start again without a cursor."
    ),
    "not_authenticated": gettext_noop(
        "Log in, and send the token in the header Authorization: Bearer <token>."
    ),
    "permission_denied": gettext_noop("You don't have permission to do this."),
    "not_found": gettext_noop("Nothing was found here. Check the URL and the id."),
    "method_not_allowed": gettext_noop("This method is not allowed here. The Allow header lists the others."),
    "request_timeout": gettext_noop("The request took too long to arrive. Send it again."),
    "payload_too_large": gettext_noop("The body is too large. Send at most 2 MB."),
    "unsupported_media_type": gettext_noop("Send JSON with Content-Type: application/json."),
    "throttled": gettext_noop("Too many requests. Try again later."),
    "internal_error": gettext_noop(
        "Something went wrong on our side. Try again; if it keeps happening, send us the X-Request-ID."
    ),
    "unavailable": gettext_noop("The service is temporarily unavailable. Try again in a few seconds."),
}
# The keys under which REST framework and Django's forms list errors that belong to no field.
GENERAL = {api_settings.NON_FIELD_ERRORS_KEY: "", NON_FIELD_ERRORS: ""}


@dataclass(frozen=True)
class Problem:
    code: str
    detail: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return STATUSES.get(self.code, 409)

    @property
    def body(self) -> dict[str, Any]:
        return problem_body(self.status, self.code, self.detail or gettext(DETAILS[self.code]), **self.extra)


def problem_body(status: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    title = HTTPStatus(status).phrase if status in {known.value for known in HTTPStatus} else "Error"
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **extra}


def problem_response(
    status: int, code: str, detail: str = "", headers: Mapping[str, str] | None = None, **extra: Any
) -> HttpResponse:
    """Return a problem from outside REST framework: from middleware and plain views."""
    body = problem_body(status, code, detail or gettext(DETAILS[code]), **extra)
    content = encode(body)
    # The middleware that would add the length may be the very one that refuses the request.
    all_headers = {**default_headers(status), **(headers or {}), "Content-Length": str(len(content))}
    return HttpResponse(content, status=status, content_type=PROBLEM_TYPE, headers=all_headers)


def default_headers(status: int) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": CHALLENGE}
    return {"Retry-After": str(RETRY_SECONDS)} if status in {429, 503} else {}


def code_for_status(status: int) -> str:
    """Return the code of an error of which only the status is known."""
    if status >= 500:
        return "unavailable" if status == 503 else "internal_error"
    return next((code for code, known in STATUSES.items() if known == status), "validation_error")


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    problem = to_problem(exc)
    if problem is None:
        return None
    return Response(
        problem.body,
        status=problem.status,
        headers={**default_headers(problem.status), **problem.headers},
        content_type=PROBLEM_TYPE,
    )


@singledispatch
def to_problem(exc: Exception) -> Problem | None:
    """Return the problem for an exception, or None for an unexpected one, which Django reports as a 500.

    Django's DataError is unexpected, too: serializers have judged the input by then, so it is a row of ours
    that PostgreSQL can't compute with. A 503 asks to try again, which would not help; a 500 is logged.
    """
    return None


@to_problem.register
def _(exc: DomainError) -> Problem:
    return Problem(exc.code, exc.detail, exc.extra)


@to_problem.register
def _(exc: exceptions.APIException) -> Problem:
    code = "not_authenticated" if exc.status_code == 401 else exc.default_code
    return Problem(code if code in STATUSES else code_for_status(exc.status_code))


@to_problem.register(exceptions.ParseError)
@to_problem.register(exceptions.PermissionDenied)
def _(exc: exceptions.APIException) -> Problem:
    return Problem(exc.default_code, str(exc.detail))


@to_problem.register(exceptions.NotAuthenticated)
@to_problem.register(exceptions.AuthenticationFailed)
def _(exc: exceptions.APIException) -> Problem:
    is_bad_token = isinstance(exc, exceptions.AuthenticationFailed)
    detail = gettext("The token is unknown or has expired. Log in again.") if is_bad_token else ""
    return Problem("not_authenticated", detail)


@to_problem.register
def _(exc: exceptions.Throttled) -> Problem:
    seconds = max(1, exc.wait or 0)  # type: ignore[attr-defined]  # missing in the stubs
    detail = gettext("Too many requests. Try again in %(seconds)s s.") % {"seconds": seconds}
    return Problem("throttled", detail, headers={"Retry-After": str(seconds)})


@to_problem.register
def _(exc: exceptions.ValidationError) -> Problem:
    return validation_problem(exc.detail)


@to_problem.register
def _(exc: DjangoValidationError) -> Problem:
    return validation_problem(exc.message_dict if hasattr(exc, "error_dict") else exc.messages)


@to_problem.register
def _(exc: Http404) -> Problem:
    return Problem("not_found")


@to_problem.register
def _(exc: PermissionDenied) -> Problem:
    return Problem("permission_denied")


@to_problem.register
def _(exc: RequestDataTooBig) -> Problem:
    return Problem("payload_too_large")


@to_problem.register
def _(exc: UnreadablePostError) -> Problem:
    return Problem("parse_error", gettext("The body ended before its Content-Length. Send it again."))


@to_problem.register(OperationalError)
@to_problem.register(InterfaceError)
@to_problem.register(TransactionContention)
def _(exc: Exception) -> Problem:
    return Problem("unavailable")


def validation_problem(detail: Any) -> Problem:
    errors = flatten_errors(detail)
    general = errors.pop("", [])
    if not errors:
        return Problem("validation_error", " ".join(general))
    # Many clients show nothing but the detail.
    first = next(iter(errors.values()))[0]
    return Problem("validation_error", " ".join(general) or first, {"errors": errors})


def flatten_errors(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Return nested errors as {dotted.name: [text]}; errors that belong to no field stand under ""."""
    if isinstance(detail, Mapping):
        items = [(GENERAL.get(str(key), str(key)), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(part, Mapping | list) for part in detail):
        items = [(str(index), value) for index, value in enumerate(detail)]
    else:
        texts = [str(part) for part in (detail if isinstance(detail, list) else [detail])]
        return {path: texts} if texts else {}
    return merge_errors(flatten_errors(value, ".".join(filter(None, (path, key)))) for key, value in items)


def merge_errors(parts: Iterable[dict[str, list[str]]]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for part in parts:
        for name, texts in part.items():
            errors.setdefault(name, []).extend(texts)
    return errors
