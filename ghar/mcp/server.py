"""MCP servers on django-mcpz: who may come in, how often, and how a tool takes and gives what REST does."""

import logging
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django_mcpz.jsonrpc import PARSE_ERROR, error_response
from django_mcpz.oauth.auth import oauth_auth
from django_mcpz.server import (
    ElicitationDeclinedError,
    ElicitationUnavailableError,
    MCPServer,
    ToolError,
    elicit,
)
from rest_framework.serializers import BaseSerializer

from ghar.api.errors import problem_response
from ghar.api.fields import StrictSerializer
from ghar.api.renderers import encode
from ghar.mcp.refusals import in_band
from ghar.mcp.schemas import schema_of
from ghar.mcp.throttling import CallThrottle

VERSION = "1"
ODD_INPUT = (UnicodeError, RecursionError, OverflowError, RequestDataTooBig)


def anybody(user: Any) -> bool:
    return True


class Server(MCPServer):
    """One audience: its tokens open no other. `admits` says whom they are good for here."""

    def __init__(self, *, admits: Callable[[Any], bool] = anybody, **about: Any) -> None:
        self.admits = admits
        super().__init__(version=VERSION, auth=self.authenticate, **about)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return super().__call__(request)
        except ODD_INPUT:
            return error_response(None, PARSE_ERROR, "Invalid JSON", status=HTTPStatus.BAD_REQUEST)

    def authenticate(self, request: HttpRequest) -> HttpResponse | None:
        refused = oauth_auth(request)
        if refused is not None:
            return refused
        if not self.admits(request.user):
            return problem_response(403, "permission_denied", "This server is for staff and agents.")
        return throttled(CallThrottle(), request)


def throttled(throttle: Any, request: HttpRequest) -> HttpResponse | None:
    if throttle.allow_request(request, None):
        return None
    seconds = str(max(1, int(throttle.wait() or 1)))
    return problem_response(429, "throttled", headers={"Retry-After": seconds})


class Call(HttpRequest):
    """What a tool is given: a request of somebody whom the server has let in."""

    user: Any


class NoInput(StrictSerializer):
    """A tool that takes nothing."""


def tool(
    server: Server,
    *,
    description: str,
    gives: BaseSerializer[Any],
    takes: type[StrictSerializer] = NoInput,
    permission: Callable[[HttpRequest], bool] | None = None,
    writes: bool = False,
    destructive: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of (request, **arguments) under its own name.

    Serializers check what it takes and describe what it gives, as in REST; refusals are told in band.
    Every tool of ours may be called twice: the second call finds it done.
    """

    def register(func: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(func)
        def run(request: HttpRequest, arguments: dict[str, Any]) -> msgspec.Raw:
            with in_band():
                given = takes(data=arguments)
                given.is_valid(raise_exception=True)
                return msgspec.Raw(encode(func(request, **given.validated_data)))

        server.tool(
            name=func.__name__,
            title=func.__name__.replace("_", " ").capitalize(),
            description=description,
            input_schema={"additionalProperties": False, **schema_of(takes(), "request")},
            output_schema=schema_of(gives, "response"),
            permission=permission,
            read_only=not writes,
            destructive=destructive,
            idempotent=True,
            open_world=False,
        )(run)
        return func

    return register


class Confirmation(msgspec.Struct):
    confirm: Annotated[bool, msgspec.Meta(title="Yes", description="Do it.")]


def ask(request: HttpRequest, question: str, given: bool, *, state: object) -> None:
    """Ask the user where the client can; where it cannot, `given` says that the model has asked him.

    An answer holds for this question and this state of things only, so that nobody can replay it.
    """
    try:
        key = sha256(f"{question} {state}".encode()).hexdigest()[:16]
        agreed = elicit(request, question, Confirmation, key=key).confirm
    except ElicitationUnavailableError:
        if given:
            return
        raise ToolError(
            f"confirmation_required: {question}\nNothing was changed."
            "\nNext: Ask the user exactly this, and only if he agrees call again with confirm=true."
        ) from None
    except ElicitationDeclinedError:
        agreed = False
    if not agreed:
        raise ToolError(
            "declined: The user does not want this; nothing was changed.\nNext: Ask what he wants."
        )


def without_values(record: logging.LogRecord) -> bool:
    """The library logs each call with its arguments: people's words and whereabouts stay out of logs."""
    record.arguments = sorted(getattr(record, "arguments", ()))
    return True


logging.getLogger("django_mcpz.calls").addFilter(without_values)

users = Server(
    name="ghar-visits",
    title="Ghar visits",
    description="Find homes, and book, move and cancel visits to them.",
    instructions=(
        "Books visits to homes for the person who is logged in. Search listings with properties_search, ask"
        " visits_slots for free times before you book, and never invent ids or times. A time without Z or an"
        " offset is local to the listing (Asia/Kolkata unless its timezone says otherwise); answers give both"
        " UTC and local. Refusals name a code and what to do next. Meetings of flatmates are booked in the"
        " app, not here."
    ),
)
