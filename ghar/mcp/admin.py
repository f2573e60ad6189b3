from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django_mcpz.oauth.models import AccessToken, Client, RefreshToken

from ghar.admin import BaseAdmin
from ghar.mcp.models import Grant

# Whose pages they are must have been imported before.
import_module("django_mcpz.oauth.admin")
# The library lists tokens, of which one can be revoked while its family goes on.
for model in (AccessToken, RefreshToken, Client):
    admin.site.unregister(model)


@admin.register(Grant)
class GrantAdmin(BaseAdmin):
    """Who has let which assistant act as him, and where."""

    list_display = ("user", "client", "server", "granted_at", "renewed", "holds")
    search_fields = ("user__full_name", "user__email", "user__phone", "client__name")
    search_help_text = "Person or assistant"
    list_select_related = ("user", "client")
    ordering = ("-used_at", "-id")
    fields = readonly_fields = ("user", "client", "server", "redirect_uri", "granted_at", "renewed", "holds")
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).redeemed()  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    @admin.display(description="server", ordering="resource")
    def server(self, grant: Grant) -> str:
        return urlsplit(grant.resource).path

    @admin.display(description="granted", ordering="used_at")
    def granted_at(self, grant: Grant) -> Any:
        return grant.used_at

    @admin.display(description="last renewed", ordering="renewed_at")
    def renewed(self, grant: Any) -> Any:
        return grant.renewed_at

    @admin.display(description="holds until", ordering="holds_until", empty_value="ended")
    def holds(self, grant: Any) -> Any:
        return grant.holds_until

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        for grant in queryset:
            grant.revoke_family()
            self.log_change(request, grant, "Revoked")
        self.message_user(request, f"Revoked: {len(queryset)}.", messages.SUCCESS)
