"""What the admin pages of all apps share."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import Func, IntegerField, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from ghar.errors import DomainError
from ghar.validators import is_id

admin.site.site_title = admin.site.site_header = "Ghar visits"
admin.site.index_title = "Today"
admin.site.site_url = None
admin.site.enable_nav_sidebar = False


class OfficeTimeMiddleware:
    """Middleware: the admin's pages show and take times by the desk's clock."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(settings.OFFICE_TIME_ZONE):
            return self.get_response(request)


def error_message(error: DomainError) -> str:
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


class SafeAutocompleteSelect(AutocompleteSelect):
    """A row found by typing. What was sent and is no id, Django's own would look for and fail."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if is_id(str(each))], attr)


class BaseAdmin(admin.ModelAdmin):
    """What no page of ours sends is refused where Django's own admin fails."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SafeAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any) -> HttpResponse | None:
        if not all(map(is_id, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            self.message_user(request, "Tick rows of this list.", messages.ERROR)
            return None
        return super().response_action(request, queryset, *args)


class ReadOnlyAdmin(BaseAdmin):
    """To look things up. What changes them has its own way."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ExtraViewsMixin(BaseAdmin):
    """Pages of our own beside those of the admin, and what the change page shows besides its form."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        shown = self.card(request, row) if row else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def card(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {}

    def found(self, request: HttpRequest, object_id: str, *, allowed: bool) -> Any:
        """The row that a page is about: 403 to whom it is not allowed, 404 where there is none."""
        if not allowed:
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(f"There is no such {self.opts.verbose_name}.")
        return row

    def render_page(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        given = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        if "form" in given:
            given["media"] = self.media + given["form"].media
        return TemplateResponse(request, f"admin/{template}", given)


class ServiceBackedAdmin(BaseAdmin):
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
