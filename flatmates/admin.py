"""Who with whom, since when, and how much they write. What they write is theirs: messages are not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest

from flatmates.models import Message, Swipe, UserBlock, UserConversation, UserMatch
from ghar.admin import ReadOnlyAdmin, count_of


@admin.register(Swipe)
class SwipeAdmin(ReadOnlyAdmin):
    list_display = ("user", "action", "target", "context_property", "updated_at")
    list_filter = ("action",)
    list_select_related = ("user", "target", "context_property")
    search_fields = ("=id", "user__full_name", "target__full_name")
    search_help_text = "Either person's name, or id"


class PairAdmin(ReadOnlyAdmin):
    """Of two people; either is found by name or phone. `visits` adds what the two have planned."""

    list_filter = ("status",)
    list_select_related = ("user_one", "user_two", "context_property")
    show_facets = admin.ShowFacets.ALWAYS
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
    list_display = ("id", "user_one", "user_two", "status", "since", "context_property")
    fields = readonly_fields = (
        "user_one",
        "user_two",
        "status",
        "since",
        "updated_at",
        "context_property",
    )

    @admin.display(description="since", ordering="created_at")
    def since(self, match: UserMatch) -> Any:
        return match.created_at


@admin.register(UserConversation)
class UserConversationAdmin(PairAdmin):
    list_display = (
        "id",
        "user_one",
        "user_two",
        "status",
        "created_at",
        "written",
        "unread",
        "last_message_at",
    )
    fields = readonly_fields = (
        "user_one",
        "user_two",
        "status",
        "source",
        "context_property",
        "created_at",
        "updated_at",
        "written",
        "unread",
        "last_message_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[UserConversation]:
        messages = Message.objects.filter(conversation=OuterRef("pk")).order_by()
        return (
            super()
            .get_queryset(request)
            .annotate(
                written=count_of(messages),
                unread=count_of(messages.filter(read_at__isnull=True)),
            )
        )

    @admin.display(description="messages", ordering="written")
    def written(self, conversation: Any) -> int:
        return conversation.written

    @admin.display(description="of them unread", ordering="unread")
    def unread(self, conversation: Any) -> int:
        return conversation.unread


@admin.register(UserBlock)
class UserBlockAdmin(ReadOnlyAdmin):
    list_display = ("blocker", "blocked", "created_at")
    fields = readonly_fields = ("blocker", "blocked", "created_at")
    list_select_related = ("blocker", "blocked")
    search_fields = ("=id", "blocker__full_name", "blocked__full_name")
    search_help_text = "Either person's name, or id"
