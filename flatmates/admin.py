from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from flatmates.models import Message, Swipe, UserBlock, UserConversation, UserMatch
from ghar.admin import ReadOnlyAdmin


@admin.register(Swipe)
class SwipeAdmin(ReadOnlyAdmin):
    list_display = ("user", "action", "target", "context_property", "updated_at")
    list_filter = ("action",)
    list_select_related = ("user", "target", "context_property")
    search_fields = ("=id", "user__full_name", "target__full_name")
    search_help_text = "Either person's name, or id"


class PairAdmin(ReadOnlyAdmin):
    """Of two people; either is found by name or phone."""

    list_filter = ("status",)
    list_select_related = ("user_one", "user_two", "context_property")
    search_fields = (
        "=id",
        "user_one__full_name",
        "user_one__phone",
        "user_two__full_name",
        "user_two__phone",
    )
    search_help_text = "Either person's name or phone, or id"


@admin.register(UserMatch)
class UserMatchAdmin(PairAdmin):
    list_display = ("id", "user_one", "user_two", "status", "context_property", "created_at")


class MessageInline(admin.TabularInline):
    model = Message
    fields = ("created_at", "sender", "kind", "body", "visit_id", "read_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).select_related("sender")


@admin.register(UserConversation)
class UserConversationAdmin(PairAdmin):
    list_display = ("id", "user_one", "user_two", "status", "source", "context_property", "last_message_at")
    inlines = (MessageInline,)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "conversation_id", "sender", "kind", "visit_id", "created_at", "read_at")
    list_filter = ("kind",)
    list_select_related = ("sender",)
    search_fields = ("=id", "=conversation__id", "sender__full_name")
    search_help_text = "The sender's name, or the id of the message or conversation"


@admin.register(UserBlock)
class UserBlockAdmin(ReadOnlyAdmin):
    list_display = ("blocker", "blocked", "created_at")
    list_select_related = ("blocker", "blocked")
    search_fields = ("=id", "blocker__full_name", "blocked__full_name")
    search_help_text = "Either person's name, or id"
