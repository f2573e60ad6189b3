"""Matches, conversations and blocks as visits knows them: with what the two have planned."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join

from flatmates.admin import UserBlockAdmin as BaseUserBlockAdmin
from flatmates.admin import UserConversationAdmin as BaseUserConversationAdmin
from flatmates.admin import UserMatchAdmin as BaseUserMatchAdmin
from flatmates.models import UserBlock, UserConversation, UserMatch
from ghar.admin import count_of
from visits.models import Visit, VisitQuerySet

MAX_LISTED = 50


class MeetsAdmin(admin.ModelAdmin):
    """For staff who may view visits: how many the two have or had, and on their page which."""

    people = ("user_one", "user_two")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        meets = Visit.objects.meets_between(*map(OuterRef, self.people))
        rows = super().get_queryset(request)
        return rows.annotate(all_meets=count_of(meets), live_meets=count_of(meets.live()))

    def get_list_display(self, request: HttpRequest) -> Any:
        names = super().get_list_display(request)
        return [*names, "meets"] if may_see_visits(request) else names

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = super().get_fields(request, obj)
        return [*names, "their_visits"] if may_see_visits(request) else names

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    @admin.display(description="visits", ordering="all_meets")
    def meets(self, row: Any) -> str:
        return f"{row.all_meets}, {row.live_meets} of them live" if row.all_meets else "none"

    @admin.display(description="their visits")
    def their_visits(self, row: Any) -> str:
        visits: VisitQuerySet = Visit.objects.meets_between(
            *(getattr(row, f"{name}_id") for name in self.people)
        )
        lines = (
            (flatmate_visit_url(visit), f"{visit.scheduled_date:%Y-%m-%d %H:%M} UTC", visit.status)
            for visit in visits.order_by("-scheduled_date", "-pk")[:MAX_LISTED]
        )
        return format_html_join("", '<a href="{}">{}</a>, {}<br>', lines) or "none"


def flatmate_visit_url(visit: Visit) -> str:
    return reverse("admin:visits_visit_change", args=[visit.pk])


def may_see_visits(request: HttpRequest) -> bool:
    return request.user.has_perm("visits.view_visit")


admin.site.unregister([UserMatch, UserConversation, UserBlock])


@admin.register(UserMatch)
class UserMatchAdmin(MeetsAdmin, BaseUserMatchAdmin):
    pass


@admin.register(UserConversation)
class UserConversationAdmin(MeetsAdmin, BaseUserConversationAdmin):
    pass


@admin.register(UserBlock)
class UserBlockAdmin(MeetsAdmin, BaseUserBlockAdmin):
    people = ("blocker", "blocked")
