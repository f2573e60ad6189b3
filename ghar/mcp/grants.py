"""The end of what a user has granted to assistants."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django_mcpz.oauth.models import AccessToken, AuthorizationCode, RefreshToken

from ghar import clock


def revoke_assistant_access(user: AbstractBaseUser) -> None:
    """End all tokens that assistants hold for the user, and the codes that could still become tokens."""
    now = clock.now()
    with transaction.atomic():
        lock_grants(AuthorizationCode.objects.filter(user_id=user.pk))
        AuthorizationCode.objects.filter(user_id=user.pk, used_at=None, expires_at__gt=now).update(
            expires_at=now
        )
        for tokens in (AccessToken.objects, RefreshToken.objects):
            tokens.filter(user_id=user.pk, revoked_at=None).update(revoked_at=now)


def lock_grants(codes: QuerySet[AuthorizationCode]) -> None:
    """Lock the consents whose tokens are about to be revoked or renewed, until the transaction ends.

    Without it a pair could be issued between the reading of the tokens and their revocation, and stay valid.
    """
    list(codes.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
