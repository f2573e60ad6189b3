"""The admin of swipes. The admin of matches, conversations and blocks is in `visits`."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from flatmates.models import Swipe
from ghar.admin import ReadOnlyAdmin


@admin.register(Swipe)
class SwipeAdmin(ReadOnlyAdmin[Swipe]):
    list_display = ("user", "action", "target", "context_property", "updated_at")
    list_filter = ("action",)
    list_select_related = ("user", "target", "context_property")
    search_fields = ("=id", "user__full_name", "target__full_name")
    search_help_text = _("Either person's name, or id")
