"""Taking back what somebody has granted to assistants."""

from typing import Any

from django_mcpz.oauth.models import AccessToken, AuthorizationCode, RefreshToken

from ghar import clock


def revoke_all(user: Any) -> None:
    """Every token of his, and codes that could still become one, end now."""
    now = clock.now()
    AuthorizationCode.objects.filter(user=user, used_at=None, expires_at__gt=now).update(expires_at=now)
    for tokens in (AccessToken.objects, RefreshToken.objects):
        tokens.filter(user=user, revoked_at=None).update(revoked_at=now)
