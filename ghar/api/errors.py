"""Every refusal as an RFC 9457 problem: the one place where errors get their HTTP."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from ghar.api.renderers import encode
from ghar.errors import DomainError
from ghar.transactions import TransactionContention

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 2
CHALLENGE = "Bearer"

# The contract's codes; a code that is not here is a conflict with the present state: 409.
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

# What an answer says that has nothing of its own to say. The contract knows no other 4xx: they are 400s.
DETAILS = {
    "validation_error": "The request is not valid: check its address, headers and body.",
    "parse_error": "The body is not valid JSON.",
    "invalid_cursor": "This cursor is not one of this list as you ask for it: start again without it.",
    "not_authenticated": "Log in and send the token in the header Authorization: Bearer <token>.",
    "permission_denied": "You may not do this.",
    "not_found": "There is nothing here that you may see: check the address and the id.",
    "method_not_allowed": "This method is not possible here: the Allow header names those that are.",
    "request_timeout": "The request took too long to arrive: send it again.",
    "payload_too_large": "The body is too large: send at most 2 MB.",
    "unsupported_media_type": "Send JSON, with Content-Type: application/json.",
    "throttled": "Too many requests: try again later.",
    "internal_error": "Something failed on our side: try again, and tell us the X-Request-ID if it stays.",
    "unavailable": "The service is not available for the moment: try again in a few seconds.",
}
FIELDS_DETAIL = "Check the fields named in errors."
# What REST framework and forms call the errors of no field.
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
        return problem_body(self.status, self.code, self.detail or DETAILS[self.code], **self.extra)


def problem_body(status: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    title = HTTPStatus(status).phrase if status in {known.value for known in HTTPStatus} else "Error"
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **extra}


def problem_response(
    status: int, code: str, detail: str = "", headers: Mapping[str, str] | None = None, **extra: Any
) -> HttpResponse:
    """A problem for who answers outside of REST framework: middleware, plain views."""
    body = problem_body(status, code, detail or DETAILS[code], **extra)
    content = encode(body)
    # Its own length: the middleware that would add it may be the one that was refused by.
    all_headers = {**default_headers(status), **(headers or {}), "Content-Length": str(len(content))}
    return HttpResponse(content, status=status, content_type=PROBLEM_TYPE, headers=all_headers)


def default_headers(status: int) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": CHALLENGE}
    return {"Retry-After": str(RETRY_SECONDS)} if status in {429, 503} else {}


def code_of(status: int) -> str:
    """The code of an answer that is known by its status only."""
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
    """The problem that stands for an exception; None for what nobody expected."""
    return None


@to_problem.register
def _(exc: DomainError) -> Problem:
    return Problem(exc.code, exc.detail, exc.extra)


@to_problem.register
def _(exc: exceptions.APIException) -> Problem:
    code = "not_authenticated" if exc.status_code == 401 else exc.default_code
    return Problem(code if code in STATUSES else code_of(exc.status_code))


@to_problem.register(exceptions.ParseError)
@to_problem.register(exceptions.PermissionDenied)
def _(exc: exceptions.APIException) -> Problem:
    return Problem(exc.default_code, str(exc.detail))


@to_problem.register(exceptions.NotAuthenticated)
@to_problem.register(exceptions.AuthenticationFailed)
def _(exc: exceptions.APIException) -> Problem:
    known = isinstance(exc, exceptions.AuthenticationFailed)
    return Problem("not_authenticated", "The token is unknown or has expired: log in again." if known else "")


@to_problem.register
def _(exc: exceptions.Throttled) -> Problem:
    seconds = max(1, exc.wait or 0)  # type: ignore[attr-defined]
    detail = f"Too many requests: try again in {seconds} s."
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
    return Problem("parse_error", "The body ended before its Content-Length: send it again.")


@to_problem.register
def _(exc: DataError) -> Problem:
    return Problem("validation_error", "A value is out of range, too long or holds impossible characters.")


@to_problem.register(OperationalError)
@to_problem.register(InterfaceError)
@to_problem.register(TransactionContention)
def _(exc: Exception) -> Problem:
    return Problem("unavailable")


def validation_problem(detail: Any) -> Problem:
    errors = flatten(detail)
    general = errors.pop("", [])
    if not errors:
        return Problem("validation_error", " ".join(general))
    return Problem("validation_error", " ".join(general) or FIELDS_DETAIL, {"errors": errors})


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Nested errors as {dotted.name: [sentence]}; what belongs to no field stands under ""."""
    if isinstance(detail, Mapping):
        items = [(GENERAL.get(str(key), str(key)), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(part, Mapping | list) for part in detail):
        items = [(str(index), value) for index, value in enumerate(detail)]
    else:
        sentences = [str(part) for part in (detail if isinstance(detail, list) else [detail])]
        return {path: sentences} if sentences else {}
    return merged(flatten(value, ".".join(filter(None, (path, key)))) for key, value in items)


def merged(parts: Iterable[dict[str, list[str]]]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for part in parts:
        for name, sentences in part.items():
            errors.setdefault(name, []).extend(sentences)
    return errors
