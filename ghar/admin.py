"""What the admin pages of all apps share."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Func, IntegerField, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone

from ghar.errors import DomainError

admin.site.site_title = admin.site.site_header = "Ghar visits"
admin.site.index_title = "Today"
admin.site.site_url = None
admin.site.enable_nav_sidebar = False


class DeskTime:
    """Middleware: the admin's pages show and take times by the desk's clock."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(settings.DESK_TIME_ZONE):
            return self.get_response(request)


def refusal(error: DomainError) -> str:
    """What was refused and why, as one text; of wrong fields what is wrong with each."""
    errors: dict[str, list[str]] = error.extra.get("errors", {})
    return " ".join(text for texts in errors.values() for text in texts) or error.detail


class CountRows(Func):
    """COUNT without a GROUP BY, so that a subquery has its one row also where there is nothing."""

    function = "COUNT"
    output_field = IntegerField()


def count_of(rows: QuerySet[Any]) -> Subquery:
    """How many `rows`, which name an OuterRef: cheaper than a join where a page shows few of many."""
    return Subquery(rows.order_by().annotate(n=CountRows("pk")).values("n"))


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look things up. What changes them has its own way."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SavedByServices(admin.ModelAdmin):
    """Rows that services write and nobody deletes: `save_model` calls them, and what they refuse is told."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What was refused only while saving is undone and told."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
