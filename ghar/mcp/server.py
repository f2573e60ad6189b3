"""MCP servers on django-mcpz: admission, throttling, and tools that take and return what REST does."""

import logging
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
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
from ghar.api.parsers import without_bom
from ghar.api.renderers import encode
from ghar.api.throttling import Throttle
from ghar.mcp.arguments import describe_arguments, read_arguments
from ghar.mcp.refusals import tool_errors
from ghar.mcp.schemas import json_schema
from ghar.mcp.throttling import CallThrottle

VERSION = "1"
# What the library raises on bodies that are no sensible JSON.
UNREADABLE_BODY = (UnicodeError, RecursionError, OverflowError, RequestDataTooBig)

Tool = TypeVar("Tool", bound=Callable[..., Any])


def allow_everyone(user: Any) -> bool:
    return True


class ToolServer(MCPServer):
    """An MCP server with its own audience: a token for one server is refused by all others.

    `allows` decides, at each call, whether the server is for this user.
    """

    def __init__(self, *, allows: Callable[[Any], bool] = allow_everyone, **about: Any) -> None:
        self.allows = allows
        super().__init__(version=VERSION, auth=self.authenticate, **about)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            # The library reads the body where Django keeps it, and takes no byte order mark.
            request._body = without_bom(request.body)
            return super().__call__(request)
        except UNREADABLE_BODY:
            return error_response(None, PARSE_ERROR, "Invalid JSON", status=HTTPStatus.BAD_REQUEST)

    def _origin_allowed(self, request: HttpRequest) -> bool:
        """Accept pages of any origin.

        The library's check protects servers that trust their network or a cookie. Ours trust neither: a page
        needs a token, and no other host's name leads here (ALLOWED_HOSTS).
        """
        return True

    def authenticate(self, request: HttpRequest) -> HttpResponse | None:
        """Return None for a request that may come in, and otherwise the response that refuses it."""
        unauthenticated = oauth_auth(request)
        if unauthenticated is not None:
            return unauthenticated
        if not self.allows(request.user):
            return problem_response(403, "permission_denied", "This server is for staff and agents.")
        return throttle_response(CallThrottle(), request)


def with_slash(server: ToolServer) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view for the server's address with a slash at its end, which answers as the one without.

    Tokens and cursors are valid at both. The library finds servers by their URL, and must not take this view
    for one: it would issue tokens for an address that no token is compared with.
    """

    @csrf_exempt
    def answer(request: HttpRequest) -> HttpResponse:
        request.path = request.path.removesuffix("/")
        return server(request)

    return answer


def throttle_response(throttle: Throttle, request: HttpRequest) -> HttpResponse | None:
    """Count a request. Returns None when it is within the limit, and otherwise a 429."""
    # REST framework's throttles read of a request only what Django's has, too.
    if throttle.allow_request(request, None):  # type: ignore[arg-type]
        return None
    seconds = str(max(1, int(throttle.wait() or 1)))
    return problem_response(429, "throttled", headers={"Retry-After": seconds})


class ToolRequest(HttpRequest):
    """The request that a tool receives. Its user has been authenticated and admitted."""

    user: Any


class NoInput(StrictSerializer):
    """The input of a tool without arguments."""


def tool(
    server: ToolServer,
    *,
    description: str,
    output: BaseSerializer[Any],
    input: type[StrictSerializer] = NoInput,
    permission: Callable[[HttpRequest], bool] | None = None,
    writes: bool = False,
    destructive: bool = False,
) -> Callable[[Tool], Tool]:
    """Register a function of (request, **arguments) as a tool of a server, under its own name.

    The `input` serializer validates the arguments, once `read_arguments` has taken them as they are meant;
    `output` describes the result, but does not convert it.
    Refusals are tool errors. Without the `permission` the tool does not exist for the user. All tools are
    declared idempotent: a second call with the same arguments must change nothing.
    """

    def register(func: Tool) -> Tool:
        @wraps(func)
        def run(request: HttpRequest, arguments: dict[str, Any]) -> msgspec.Raw:
            with tool_errors():
                serializer = input(data=read_arguments(input(), arguments, writes=writes))
                serializer.is_valid(raise_exception=True)
                return msgspec.Raw(encode(func(request, **serializer.validated_data)))

        server.tool(
            name=func.__name__,
            title=func.__name__.replace("_", " ").capitalize(),
            description=description,
            input_schema=describe_arguments(input(), json_schema(input(), "request")),
            output_schema=json_schema(output, "response"),
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


def ask_user(request: HttpRequest, question: str, *, has_confirmed: bool, state: object) -> None:
    """Ask the user to confirm a change. Raises ToolError unless they do.

    Where the client cannot ask, `has_confirmed` is the assistant's word that it has asked the user. An
    answer is valid for this question and this `state` of the object only, so it cannot be replayed.
    """
    try:
        key = sha256(f"{question} {state}".encode()).hexdigest()[:16]
        confirmed = elicit(request, question, Confirmation, key=key).confirm
    except ElicitationUnavailableError:
        if has_confirmed:
            return
        raise ToolError(
            f"confirmation_required: {question}\nNothing was changed."
            "\nNext: Ask the user exactly this, and call again with confirm=true only if they agree."
        ) from None
    except ElicitationDeclinedError:
        confirmed = False
    if not confirmed:
        raise ToolError(
            "declined: The user does not want this. Nothing was changed.\nNext: Ask the user what they want."
        )


def drop_argument_values(record: logging.LogRecord) -> bool:
    """Keep only the names of a call's arguments in the library's log: the values are personal data."""
    record.arguments = sorted(getattr(record, "arguments", ()))
    return True


logging.getLogger("django_mcpz.calls").addFilter(drop_argument_values)

user_server = ToolServer(
    name="ghar-visits",
    title="Ghar visits",
    description="Find homes, and book, reschedule and cancel visits to them.",
    instructions=(
        "Books visits to homes for the user who is logged in. Search listings with properties_search, get"
        " free times from visits_slots before you book, and never invent ids or times. A time without Z or an"
        " offset is local to the listing (Asia/Kolkata unless its timezone says otherwise); results give both"
        " UTC and local times. Errors start with a code and say what to do next. Flatmates book their"
        " meetings in the app, not here."
    ),
)
