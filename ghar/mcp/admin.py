"""The admin of grants: the access that users have given to assistants."""

from datetime import datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_mcpz.oauth.models import AccessToken, Client, RefreshToken

from ghar.admin import BaseAdmin
from ghar.mcp.models import Grant

# The library registers pages of tokens. Revoking one of them would leave the others of the same grant valid.
import_module("django_mcpz.oauth.admin")
admin.site.unregister([AccessToken, RefreshToken, Client])


@admin.register(Grant)
class GrantAdmin(BaseAdmin[Grant]):
    """Grants can be looked at and revoked."""

    list_display = ("user", "client", "server", "granted_at", "renewed", "holds")
    search_fields = ("user__full_name", "user__email", "user__phone", "client__name")
    search_help_text = gettext_lazy("User or assistant")
    list_select_related = ("user", "client")
    ordering = ("-used_at", "-id")
    fields = readonly_fields = ("user", "client", "server", "redirect_uri", "granted_at", "renewed", "holds")
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grant]:
        grants: Any = super().get_queryset(request)
        rows: QuerySet[Grant] = grants.redeemed()
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("server"), ordering="resource")
    def server(self, grant: Grant) -> str:
        return str(urlsplit(grant.resource).path)

    @admin.display(description=gettext_lazy("granted"), ordering="used_at")
    def granted_at(self, grant: Grant) -> datetime | None:
        return grant.used_at

    @admin.display(description=gettext_lazy("last renewed"), ordering="renewed_at")
    def renewed(self, grant: Grant) -> datetime | None:
        renewed_at: datetime | None = vars(grant)["renewed_at"]  # annotated by get_queryset
        return renewed_at

    @admin.display(description=gettext_lazy("valid until"), ordering="holds_until")
    def holds(self, grant: Grant) -> datetime | str:
        holds_until: datetime | None = vars(grant)["holds_until"]
        return holds_until or _("ended")

    @admin.action(description=gettext_lazy("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        for grant in queryset:
            grant.revoke_family()
            self.log_change(request, grant, _("Revoked"))
        self.message_user(request, _("Revoked: %(count)s.") % {"count": len(queryset)}, messages.SUCCESS)
