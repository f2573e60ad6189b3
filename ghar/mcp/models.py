from typing import ClassVar

from django.db import models, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _
from django_mcpz.oauth.models import AuthorizationCode, RefreshToken

from ghar import clock
from ghar.mcp.grants import lock_grants


class GrantQuerySet(models.QuerySet["Grant"]):
    def redeemed(self) -> "GrantQuerySet":
        """Return the grants that led to tokens, annotated with `renewed_at` and `holds_until`.

        `renewed_at` is when the latest access token was issued; `holds_until` when the last valid refresh
        token expires, None when there is none.
        """
        now = clock.now()
        live = Q(refreshtoken__revoked_at=None, refreshtoken__used_at=None, refreshtoken__expires_at__gt=now)
        return self.filter(used_at__isnull=False).annotate(
            renewed_at=Max("accesstoken__created_at"),
            holds_until=Max("refreshtoken__expires_at", filter=live),
        )


class Grant(AuthorizationCode):
    """A user's consent that an assistant acts for them at one of our servers, with all tokens from it."""

    objects: ClassVar[models.Manager["Grant"]] = GrantQuerySet.as_manager()

    class Meta:
        proxy = True
        default_permissions = ("view", "change")
        verbose_name = _("assistant's access")
        verbose_name_plural = _("assistants' access")

    def __str__(self) -> str:
        return f"{self.client} as {self.user}"

    def revoke_family(self) -> None:
        """Revoke all tokens of the grant, also one that is being issued at this moment."""
        with transaction.atomic():
            lock_grants(AuthorizationCode.objects.filter(pk=self.pk))
            super().revoke_family()


class Rotation(models.Model):
    """A refresh token (the child) was issued for another one (the parent).

    A parent has several children when it was used again within the grace: see `ghar.mcp.refreshing`.
    """

    parent = models.ForeignKey(RefreshToken, models.CASCADE, related_name="+")
    child = models.OneToOneField(RefreshToken, models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.child_id} for {self.parent_id}"
