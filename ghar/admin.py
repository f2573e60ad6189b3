"""What the admin pages of all apps share."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ghar.errors import DomainError


def refusal(error: DomainError) -> str:
    """What was refused and why, as one text; of wrong fields what is wrong with each."""
    errors: dict[str, list[str]] = error.extra.get("errors", {})
    return " ".join(text for texts in errors.values() for text in texts) or error.detail


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look things up. What changes them has its own way."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
