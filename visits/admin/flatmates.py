"""The admin of matches, conversations and blocks, with the visits of the two people.

The texts of messages are private: only their number is shown.
"""

from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.db.models import Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flatmates.models import Message, UserBlock, UserConversation, UserMatch
from ghar.admin import ReadOnlyAdmin, admin_url, count_of
from ghar.clock import format_local
from visits.models import Visit
from visits.permissions import VIEW_VISIT

MAX_LISTED = 50
PairRow = TypeVar("PairRow", bound=Model)


class PairAdmin(ReadOnlyAdmin[PairRow]):
    """Rows about two people. Staff who may view visits see how many visits the two have, and which.

    `people` are the columns of the two people.
    """

    people = ("user_one", "user_two")
    list_filter: ClassVar[tuple[str, ...]] = ("status",)
    list_select_related: ClassVar[tuple[str, ...]] = ("user_one", "user_two", "context_property")
    show_facets = admin.ShowFacets.ALWAYS
    search_fields: ClassVar[tuple[str, ...]] = (
        "=id",
        "user_one__full_name",
        "user_one__phone",
        "user_two__full_name",
        "user_two__phone",
    )
    search_help_text = gettext_lazy("Either person's name or phone, or id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PairRow]:
        meets = Visit.objects.meets_between(*map(OuterRef, self.people))
        pairs: Any = super().get_queryset(request)  # the plugin forgets the model of a type variable
        rows: QuerySet[PairRow] = pairs.annotate(all_meets=count_of(meets), live_meets=count_of(meets.live()))
        return rows

    def get_list_display(self, request: HttpRequest) -> Any:
        names = super().get_list_display(request)
        return [*names, "meets"] if request.user.has_perm(VIEW_VISIT) else names

    def get_fields(self, request: HttpRequest, obj: PairRow | None = None) -> Any:
        names = super().get_fields(request, obj)
        return [*names, "their_visits"] if request.user.has_perm(VIEW_VISIT) else names

    def get_readonly_fields(self, request: HttpRequest, obj: PairRow | None = None) -> Any:
        return self.get_fields(request, obj)

    @admin.display(description=gettext_lazy("visits"), ordering="all_meets")
    def meets(self, row: PairRow) -> str:
        counts: dict[str, int] = vars(row)  # annotated by get_queryset
        if not counts["all_meets"]:
            return _("none")
        return _("%(all)s, of which %(live)s live") % {
            "all": counts["all_meets"],
            "live": counts["live_meets"],
        }

    @admin.display(description=gettext_lazy("their visits"))
    def their_visits(self, row: PairRow) -> str:
        ids = [getattr(row, f"{name}_id") for name in self.people]
        visits = Visit.objects.meets_between(*ids).select_related("property")
        lines = (
            (
                admin_url(visit),
                format_local(visit.scheduled_date, visit.property.timezone),
                visit.get_status_display(),
            )
            for visit in visits.order_by("-scheduled_date", "-pk")[:MAX_LISTED]
        )
        return format_html_join("", '<a href="{}">{}</a>, {}<br>', lines) or _("none")


@admin.register(UserMatch)
class UserMatchAdmin(PairAdmin[UserMatch]):
    list_display = ("id", "user_one", "user_two", "status", "since", "context_property")
    fields = ("user_one", "user_two", "status", "since", "updated_at", "context_property")

    @admin.display(description=gettext_lazy("since"), ordering="created_at")
    def since(self, match: UserMatch) -> datetime:
        return match.created_at


@admin.register(UserConversation)
class UserConversationAdmin(PairAdmin[UserConversation]):
    list_display = (
        "id",
        "user_one",
        "user_two",
        "status",
        "created_at",
        "message_count",
        "unread_count",
        "last_message_at",
    )
    fields = (
        "user_one",
        "user_two",
        "status",
        "source",
        "context_property",
        "created_at",
        "updated_at",
        "message_count",
        "unread_count",
        "last_message_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[UserConversation]:
        messages = Message.objects.filter(conversation=OuterRef("pk")).order_by()
        rows: QuerySet[UserConversation] = super().get_queryset(request)
        return rows.annotate(
            all_messages=count_of(messages), unread_messages=count_of(messages.filter(read_at__isnull=True))
        )

    @admin.display(description=gettext_lazy("messages"), ordering="all_messages")
    def message_count(self, conversation: UserConversation) -> int:
        count: int = vars(conversation)["all_messages"]
        return count

    @admin.display(description=gettext_lazy("unread messages"), ordering="unread_messages")
    def unread_count(self, conversation: UserConversation) -> int:
        count: int = vars(conversation)["unread_messages"]
        return count


@admin.register(UserBlock)
class UserBlockAdmin(PairAdmin[UserBlock]):
    people = ("blocker", "blocked")
    list_display = ("blocker", "blocked", "created_at")
    list_filter = ()
    fields = ("blocker", "blocked", "created_at")
    list_select_related = ("blocker", "blocked")
    show_facets = admin.ShowFacets.ALLOW
    search_fields = ("=id", "blocker__full_name", "blocked__full_name")
    search_help_text = gettext_lazy("Either person's name, or id")
