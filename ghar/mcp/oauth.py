"""django-mcpz's authorization server, with the limits that it leaves to us."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path
from django_mcpz.oauth import views
from django_mcpz.oauth.discovery import resolve_mcp_server
from django_mcpz.oauth.models import Client
from rest_framework.exceptions import ParseError

from ghar.api.parsers import decode
from ghar.mcp.server import Server, throttled
from ghar.mcp.throttling import RegistrationThrottle

MAX_BODY = 8 * 1024
MAX_REDIRECT_URIS = 10
# Registered by anybody and not used yet; with more, the oldest go.
MAX_UNUSED_CLIENTS = 5_000

# No form-action: browsers hold it against the redirect to the assistant, too, wherever that is.
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

View = Callable[[HttpRequest], HttpResponse]


def refused(error: str, description: str) -> HttpResponse:
    return JsonResponse({"error": error, "error_description": description}, status=400)


def reject_nul(view: View) -> View:
    """What the database cannot keep, such as a NUL character, is the caller's fault."""

    @wraps(view)
    def tamed(request: HttpRequest) -> HttpResponse:
        values = [*request.GET.values(), *request.POST.values()]
        try:
            if not any("\0" in str(value) for value in values):
                return view(request)
        except DataError:  # of a client's metadata document
            pass
        return refused("invalid_request", "A value holds a NUL character, or what else we cannot keep.")

    return tamed


def require_admission(view: View) -> View:
    """Nobody is asked to consent to a server that would refuse him afterwards."""

    @wraps(view)
    def authorize(request: HttpRequest) -> HttpResponse:
        server = resolve_mcp_server(path_of(request.GET.get("resource", "")))
        known = isinstance(server, Server) and request.user.is_authenticated
        if not known or server.admits(request.user):  # type: ignore[union-attr]
            response = view(request)
            response["Content-Security-Policy"] = POLICY
            return response
        context = {"error": "access_denied", "description": "This server is for staff and agents."}
        return render(request, "django_mcpz/oauth/error.html", context, status=403)

    return authorize


def path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def rate_limited(view: View) -> View:
    """Registration is open to anybody: it is throttled by address, small, and does not fill the table."""

    @wraps(view)
    def register(request: HttpRequest) -> HttpResponse:
        too_often = throttled(RegistrationThrottle(), request)
        if too_often is not None:
            return too_often
        error = fault_of(request.body) if request.method == "POST" else ""
        if error:
            return refused("invalid_client_metadata", error)
        response = view(request)
        forget_unused_clients()
        return response

    return register


def fault_of(body: bytes) -> str:
    if len(body) > MAX_BODY:
        return f"Send at most {MAX_BODY} bytes."
    try:
        metadata: Any = decode(body)
    except ParseError as error:
        return str(error.detail)
    uris = metadata.get("redirect_uris") if isinstance(metadata, dict) else None
    if isinstance(uris, list) and len(uris) > MAX_REDIRECT_URIS:
        return f"Give at most {MAX_REDIRECT_URIS} redirect_uris."
    return ""


def forget_unused_clients() -> None:
    unused = Client.objects.filter(kind=Client.Kind.REGISTERED, last_used_at=None)
    beyond = unused.order_by("-created_at", "-pk").values("pk")[MAX_UNUSED_CLIENTS:]
    Client.objects.filter(pk__in=list(beyond.values_list("pk", flat=True))).delete()


endpoints = [
    path("authorize", reject_nul(require_admission(views.authorize)), name="authorize"),
    path("token", reject_nul(views.token), name="token"),
    path("register", reject_nul(rate_limited(views.register)), name="register"),
    path("revoke", reject_nul(views.revoke), name="revoke"),
]
# At the root: below another path some clients would renew their tokens at the wrong address.
urlpatterns = [
    path("", include((endpoints, "django_mcpz_oauth"))),
    path("", include("django_mcpz.oauth.wellknown")),
]
