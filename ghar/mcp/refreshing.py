"""The renewal of an assistant's access: a refresh token works once, and again within a short grace.

Two processes of one assistant share a token, and an answer can get lost on its way: either sends the same
refresh token twice without anybody having stolen it.
"""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_mcpz.oauth import views
from django_mcpz.oauth.models import AuthorizationCode, Client, RefreshToken
from django_mcpz.tokens import sha256_hex

from ghar import clock
from ghar.api.errors import RETRY_SECONDS
from ghar.mcp.grants import lock_grants
from ghar.mcp.models import Rotation
from ghar.transactions import TransactionContention, retrying_atomic


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code or a refresh token for tokens. The library's endpoint, with our rule for renewals."""
    if request.POST.get("grant_type") != "refresh_token":
        return views.token(request)
    client = Client.objects.filter(client_id=request.POST.get("client_id", "")).first()
    if client is None:
        # The library knows how to refuse a client.
        return views.token(request)
    try:
        return renew(client, request.POST.get("refresh_token", ""), request.POST.get("resource"))
    except TransactionContention as error:
        body = {"error": "temporarily_unavailable", "error_description": error.detail}
        return JsonResponse(body, status=503, headers={"Retry-After": str(RETRY_SECONDS)})


@retrying_atomic
def renew(client: Client, value: str, resource: str | None) -> HttpResponse:
    """Exchange a refresh token for a new pair, and return the response.

    A token that was used within settings.MCP_REFRESH_GRACE gets another pair, beside those it got before. A
    later use, and any use once one of those pairs was renewed itself, ends the whole grant: somebody else has
    the token, too.
    """
    digest = sha256_hex(value)
    # One exchange of a grant at a time, so that no pair is issued while the grant ends.
    lock_grants(AuthorizationCode.objects.filter(refreshtoken__digest=digest))
    refresh = RefreshToken.objects.select_for_update().filter(digest=digest).first()
    if refresh is None or refresh.client_id != client.pk:
        return views.token_error("invalid_grant", "Unknown refresh token.")
    if refresh.used_at is not None and not may_be_repeated(refresh):
        revoke_grant(refresh)
        return views.token_error("invalid_grant", "Refresh token already used.")
    if not refresh.is_valid:
        return views.token_error("invalid_grant", "Refresh token expired or revoked.")
    if not views.resource_matches(resource, refresh.resource):
        return views.token_error("invalid_target", "resource does not match.")
    if not refresh.user.is_active:
        return views.token_error("invalid_grant", "User is inactive.")
    if refresh.used_at is None:
        refresh.used_at = clock.now()
        refresh.save(update_fields=["used_at"])
    response = views.issue_tokens(client, refresh)
    issued = sha256_hex(json.loads(response.content)["refresh_token"])
    Rotation.objects.create(parent=refresh, child=RefreshToken.objects.get(digest=issued))
    return response


def may_be_repeated(refresh: RefreshToken) -> bool:
    """Return whether a second use of the token can still be its owner's, who has not got the answer."""
    is_recent = refresh.used_at is not None and clock.now() - refresh.used_at < settings.MCP_REFRESH_GRACE
    return is_recent and not Rotation.objects.filter(parent=refresh, child__used_at__isnull=False).exists()


def revoke_grant(refresh: RefreshToken) -> None:
    """Revoke all tokens of the grant that this one comes from."""
    if refresh.code is not None:
        refresh.code.revoke_family()
    else:
        refresh.revoke()
        refresh.access_token.revoke()
