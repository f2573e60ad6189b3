"""django-mcpz's authorization server, with the limits that the library leaves to its users."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils.translation import gettext as _
from django_mcpz.oauth import views
from django_mcpz.oauth.discovery import resolve_mcp_server
from django_mcpz.oauth.models import Client
from rest_framework.exceptions import ParseError

from ghar.api.parsers import decode
from ghar.mcp.server import ToolServer, throttle_response
from ghar.mcp.throttling import RegistrationThrottle
from ghar.text import DIRECTION_CONTROLS, is_visible

MAX_REGISTRATION_BYTES = 8 * 1024
MAX_REDIRECT_URIS = 10
# Anyone can register clients. Of those that were never used, the oldest are deleted beyond this number.
MAX_UNUSED_CLIENTS = 5_000

# Without form-action: browsers apply it to the redirect after the consent, too, which leads to the assistant,
# wherever that is.
CONSENT_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

ViewFunction = Callable[[HttpRequest], HttpResponse]


def oauth_error(error: str, description: str) -> HttpResponse:
    """Return a 400 in the form of RFC 6749 and RFC 7591. Programs read it, so it is not translated."""
    return JsonResponse({"error": error, "error_description": description}, status=400)


def reject_nul(view: ViewFunction) -> ViewFunction:
    """Answer 400 to values that PostgreSQL cannot store: the library would fail on them."""

    @wraps(view)
    def reject_or_call(request: HttpRequest) -> HttpResponse:
        values = [*request.GET.values(), *request.POST.values()]
        try:
            if not any("\0" in str(value) for value in values):
                return view(request)
        except DataError:
            # The value came from a client's metadata document, which the library has fetched.
            pass
        return oauth_error(
            "invalid_request", "A value contains a NUL or another character that cannot be stored."
        )

    return reject_or_call


def require_admission(view: ViewFunction) -> ViewFunction:
    """Ask users for their consent only if the server would let them in afterwards."""

    @wraps(view)
    def authorize(request: HttpRequest) -> HttpResponse:
        server = resolve_mcp_server(url_path(request.GET.get("resource", "")))
        is_known = isinstance(server, ToolServer) and request.user.is_authenticated
        if not is_known or server.allows(request.user):  # type: ignore[union-attr]  # is_known says it is one
            response = view(request)
            response["Content-Security-Policy"] = CONSENT_POLICY
            return response
        context = {
            "error": "access_denied",
            "description": _("This server is for staff and agents. Log in with such an account."),
        }
        return render(request, "django_mcpz/oauth/error.html", context, status=403)

    return authorize


def url_path(url: str) -> str:
    """Return the path of a URL, or "" for what is none."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def rate_limited(view: ViewFunction) -> ViewFunction:
    """Limit the registration of clients, which is open to anyone: by address, in size and in number."""

    @wraps(view)
    def register(request: HttpRequest) -> HttpResponse:
        if too_many := throttle_response(RegistrationThrottle(), request):
            return too_many
        if request.method == "POST" and (error := metadata_error(request.body)):
            return oauth_error("invalid_client_metadata", error)
        response = view(request)
        delete_unused_clients()
        return response

    return register


def metadata_error(body: bytes) -> str:
    """Return what is wrong with the metadata of a client; empty when the library may look at it."""
    if len(body) > MAX_REGISTRATION_BYTES:
        return f"Send at most {MAX_REGISTRATION_BYTES} bytes."
    try:
        metadata: Any = decode(body)
    except ParseError as error:
        return str(error.detail)
    uris = metadata.get("redirect_uris") if isinstance(metadata, dict) else None
    if isinstance(uris, list) and len(uris) > MAX_REDIRECT_URIS:
        return f"Give at most {MAX_REDIRECT_URIS} redirect_uris."
    name = metadata.get("client_name") if isinstance(metadata, dict) else None
    if isinstance(name, str) and (DIRECTION_CONTROLS.search(name) or name and not is_visible(name)):
        return "Give a client_name that users can read."
    return ""


def delete_unused_clients() -> None:
    """Delete the oldest of the clients that were never used, beyond MAX_UNUSED_CLIENTS."""
    unused = Client.objects.filter(kind=Client.Kind.REGISTERED, last_used_at=None)
    surplus = unused.order_by("-created_at", "-pk").values_list("pk", flat=True)[MAX_UNUSED_CLIENTS:]
    Client.objects.filter(pk__in=list(surplus)).delete()


endpoints = [
    path("authorize", reject_nul(require_admission(views.authorize)), name="authorize"),
    path("token", reject_nul(views.token), name="token"),
    path("register", reject_nul(rate_limited(views.register)), name="register"),
    path("revoke", reject_nul(views.revoke), name="revoke"),
]
# At the root: some clients ignore a path of the authorization server when they renew their tokens.
urlpatterns = [
    path("", include((endpoints, "django_mcpz_oauth"))),
    path("", include("django_mcpz.oauth.wellknown")),
]
