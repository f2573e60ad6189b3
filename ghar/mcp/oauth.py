"""django-mcpz's authorization server, with the limits that the library leaves to its users."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.db import DataError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import include, path, reverse
from django.utils.translation import gettext as _
from django_mcpz.oauth import views
from django_mcpz.oauth.discovery import resolve_mcp_server
from django_mcpz.oauth.models import AuthorizationCode, Client
from django_mcpz.tokens import sha256_hex
from rest_framework.exceptions import ParseError

from ghar.api.parsers import decode
from ghar.mcp.grants import lock_grants
from ghar.mcp.redirects import redirect_uri_error, replace_rules
from ghar.mcp.refreshing import token
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


def name_resource(view: ViewFunction) -> ViewFunction:
    """Let clients leave out which server they mean, and end its address in a slash.

    Clients of the protocol 2025-03-26 know no `resource`. They are taken to mean the server for users, which
    every account may use; the agency's server has to be named.
    """

    @wraps(view)
    def authorize(request: HttpRequest) -> HttpResponse:
        default = request.build_absolute_uri(reverse("mcp"))
        request.GET = with_plain_resource(request.GET, default)  # type: ignore[assignment]  # a mutable one
        return view(request)

    return authorize


def plain_resource(view: ViewFunction) -> ViewFunction:
    """Take the same names for a server as `name_resource` does. The code or token says which one is meant."""

    @wraps(view)
    def exchange(request: HttpRequest) -> HttpResponse:
        request.POST = with_plain_resource(request.POST, None)  # type: ignore[assignment]  # a mutable one
        return view(request)

    return exchange


def with_plain_resource(params: QueryDict, default: str | None) -> QueryDict:
    """Return the parameters with `resource` without a slash at its end; with the default for a blank one."""
    changed = params.copy()
    resource = params.get("resource", "").strip().removesuffix("/") or default
    changed.setlist("resource", [resource] if resource else [])
    return changed


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
    """Limit the registration of clients, which is open to anyone: by address, in size and in number.

    It has to stand outside of `reject_nul`, which reads the body as a form and leaves nothing of a multipart
    one.
    """

    @wraps(view)
    def register(request: HttpRequest) -> HttpResponse:
        if too_many := throttle_response(RegistrationThrottle(), request):
            return too_many
        if request.method == "POST" and (refusal := refuse_metadata(request.body)):
            return refusal
        response = view(request)
        delete_unused_clients()
        return response

    return register


def refuse_metadata(body: bytes) -> HttpResponse | None:
    """Return the refusal of a client's metadata; None when the library may look at it."""
    if len(body) > MAX_REGISTRATION_BYTES:
        return oauth_error("invalid_client_metadata", f"Send at most {MAX_REGISTRATION_BYTES} bytes.")
    try:
        metadata: Any = decode(body)
    except ParseError as error:
        return oauth_error("invalid_client_metadata", str(error.detail))
    uris = metadata.get("redirect_uris") if isinstance(metadata, dict) else None
    name = metadata.get("client_name") if isinstance(metadata, dict) else None
    if isinstance(name, str) and (DIRECTION_CONTROLS.search(name) or name and not is_visible(name)):
        return oauth_error("invalid_client_metadata", "Give a client_name that users can read.")
    if not isinstance(uris, list):
        return None
    if len(uris) > MAX_REDIRECT_URIS:
        return oauth_error("invalid_client_metadata", f"Give at most {MAX_REDIRECT_URIS} redirect_uris.")
    errors = [
        f"redirect_uris[{index}] {uri!r}: {reason}"
        for index, uri in enumerate(uris)
        if (reason := redirect_uri_error(uri))
    ]
    return oauth_error("invalid_redirect_uri", " ".join(errors)) if errors else None


def delete_unused_clients() -> None:
    """Delete the oldest of the clients that were never used, beyond MAX_UNUSED_CLIENTS."""
    unused = Client.objects.filter(kind=Client.Kind.REGISTERED, last_used_at=None)
    surplus = unused.order_by("-created_at", "-pk").values_list("pk", flat=True)[MAX_UNUSED_CLIENTS:]
    Client.objects.filter(pk__in=list(surplus)).delete()


def end_whole_grant(view: ViewFunction) -> ViewFunction:
    """Let a revocation wait for a renewal of the same grant, so that it ends the new tokens, too."""

    @wraps(view)
    def revoke(request: HttpRequest) -> HttpResponse:
        digest = sha256_hex(request.POST.get("token", ""))
        holds = Q(refreshtoken__digest=digest) | Q(accesstoken__digest=digest)
        with transaction.atomic():
            # Locked by id: the rows of a join with two tables can't be locked.
            codes = AuthorizationCode.objects.filter(holds).values("pk")
            lock_grants(AuthorizationCode.objects.filter(pk__in=codes))
            return view(request)

    return revoke


def protected_resource_metadata(request: HttpRequest, resource_path: str) -> HttpResponse:
    """Describe an MCP server (RFC 9728). Its address may end in a slash."""
    return views.protected_resource_metadata(request, resource_path.removesuffix("/"))


replace_rules()
endpoints = [
    path("authorize", reject_nul(name_resource(require_admission(views.authorize))), name="authorize"),
    path("token", reject_nul(plain_resource(token)), name="token"),
    path("register", rate_limited(reject_nul(views.register)), name="register"),
    path("revoke", reject_nul(end_whole_grant(views.revoke)), name="revoke"),
]
# At the root: some clients ignore a path of the authorization server when they renew their tokens.
urlpatterns = [
    path("", include((endpoints, "django_mcpz_oauth"))),
    path(".well-known/oauth-protected-resource/<path:resource_path>", protected_resource_metadata),
    path("", include("django_mcpz.oauth.wellknown")),
]
