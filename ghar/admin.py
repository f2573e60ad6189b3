"""The base classes of the admin, and the one way in which staff act on an object."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, Func, IntegerField, Model, QuerySet, Subquery
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar.errors import DomainError
from ghar.fields import TimeZoneField
from ghar.generics import ModelAdmin
from ghar.text import clean, clean_words, visible_or
from ghar.transactions import dry_run
from ghar.validators import canonical_timezone, is_id, timezones

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Text = str | _StrPromise  # a text, perhaps one that is translated later
else:
    Text = str

admin.site.site_title = admin.site.site_header = gettext_lazy("Ghar visits")
admin.site.index_title = gettext_lazy("Today")
admin.site.site_url = None
admin.site.enable_nav_sidebar = False

Row = TypeVar("Row", bound=Model)
Result = TypeVar("Result")


class OfficeTimeMiddleware:
    """Middleware: the admin's pages show and take times in office time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(settings.OFFICE_TIME_ZONE):
            return self.get_response(request)


def error_message(error: DomainError) -> str:
    """Return a refusal as one text; if it names fields, the text says what is wrong with each."""
    errors: dict[str, list[str]] = error.extra.get("errors", {})
    return " ".join(text for texts in errors.values() for text in texts) or error.detail


def admin_url(row: Model) -> str:
    """Return the address of the object's page in the admin."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def name_column(field: str, label: Text) -> Callable[[Model], str]:
    """Return a column with the name of each row: it is a link, so it never shows nothing."""

    @admin.display(description=label, ordering=field)
    def name(row: Model) -> str:
        return visible_or(getattr(row, field), f"{row._meta.verbose_name} {row.pk}".capitalize())

    name.__name__ = field
    return name


class CountRows(Func):
    """COUNT without a GROUP BY: a subquery of it has one row even if there is nothing to count."""

    function = "COUNT"
    output_field = IntegerField()


def count_of(rows: QuerySet[Any]) -> Subquery:
    """Count `rows`, which refer to an OuterRef. It is cheaper than a join where a page shows few of many."""
    return Subquery(rows.order_by().annotate(n=CountRows("pk")).values("n"))


class SafeAutocompleteSelect(AutocompleteSelect):
    """Django's autocomplete, which looks up the current choice and fails if that is not an id."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if is_id(str(each))], attr)


class BaseAdmin(ModelAdmin[Row]):
    """A ModelAdmin that refuses ids which are none with a message; Django's own raises an error.

    A search cleans its words and compares texts by their keys.
    """

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [
            name if name.startswith(("=", "^", "@")) else f"{name}__contains_text"
            for name in super().get_search_fields(request)
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, clean_words(search_term))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SafeAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        # Django 6.1 passes the place of the action as one more argument.
        if not all(map(is_id, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            self.message_user(request, _("Select rows from this list."), messages.ERROR)
            return None
        return super().response_action(request, queryset, *args, **kwargs)


class ReadOnlyAdmin(BaseAdmin[Row]):
    """Rows to look at. Other parts of the project change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


class ServiceBackedAdmin(BaseAdmin[Row]):
    """Rows that services write and nobody deletes. `save_model` calls the services.

    A refusal that comes only then undoes everything and is shown as a message.
    """

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            self.message_user(request, error_message(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


class ActionForm(forms.Form, Generic[Row]):
    """The input for an action on `row`. An action that adds an object gets a row that is not saved."""

    def __init__(self, *args: Any, row: Row, **kwargs: Any) -> None:
        self.row = row
        super().__init__(*args, **kwargs)

    def full_clean(self) -> None:
        super().full_clean()
        for name, value in getattr(self, "cleaned_data", {}).items():
            if isinstance(value, str):
                self.cleaned_data[name] = clean(value).strip()

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the service, except `by` and `dry_run`."""
        return dict(self.cleaned_data)

    def refusal(self, error: DomainError) -> str:
        """Return what to tell the user when the service refuses."""
        return error_message(error)


@dataclass(frozen=True)
class Outcome(Generic[Row]):
    """The result of an action: `message` is for the user, `log` for the admin's log.

    An empty `log` means that nothing changed. The page of `row`, or else of the action's object, comes next.
    """

    message: str
    log: str = ""
    row: Row | None = None


def always(row: Model) -> bool:
    return True


@dataclass(frozen=True)
class ObjectAction(Generic[Row, Result]):
    """Something staff can do to one object: a button on its page, a form, and one call of a service.

    The service gets the form's arguments and `by`. If there is a `preview`, the service also takes `dry_run`:
    the first POST shows, by a dry run, what would happen; a second one with "confirmed" does it.
    If there is a `question`, it is asked about the result of a trial, which is rolled back; an empty one is
    not asked. `is_available_for` decides only whether the button is shown; the service has the last word.
    """

    name: str
    label: Text
    submit_label: Text
    hint: Text
    permission: str
    service: Callable[..., Result]
    outcome: Callable[[ActionForm[Row], Result], Outcome[Row]]
    form: type[ActionForm[Row]] = ActionForm
    form_template: str = "admin/includes/action_form.html"
    is_available_for: Callable[[Row], bool] = always
    preview: Callable[[Result], Mapping[str, object]] | None = None
    preview_template: str = ""
    question: Callable[[ActionForm[Row], Result], str] | None = None

    @property
    def has_preview(self) -> bool:
        """Return whether there is a preview. A template can't ask for `preview`: it would call it."""
        return self.preview is not None


class ExtraViewsMixin(BaseAdmin[Row]):
    """Pages beside those of ModelAdmin: one for each of `object_actions`, and those of subclasses.

    `add_action` takes the place of the form that adds an object. `summary_template` is shown above an
    action's form.
    """

    object_actions: "tuple[ObjectAction[Row, Any], ...]" = ()
    add_action: "ObjectAction[Row, Any] | None" = None
    summary_template = ""

    def get_urls(self) -> list[URLPattern]:
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        views = [
            path(
                f"<path:object_id>/{action.name}/",
                self.admin_site.admin_view(partial(self.action_view, action=action)),
                name=f"{prefix}_{action.name}",
            )
            for action in self.object_actions
        ]
        return [*views, *super().get_urls()]

    def action_view(
        self, request: HttpRequest, object_id: str, action: ObjectAction[Row, Any]
    ) -> HttpResponse:
        return self.run_action(
            request, action, self.get_object_or_deny(request, object_id, action.permission)
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.add_action is None:
            return super().add_view(request, form_url, extra_context)
        if not request.user.has_perm(self.add_action.permission):
            raise PermissionDenied
        return self.run_action(request, self.add_action, self.model())

    def run_action(self, request: HttpRequest, action: ObjectAction[Row, Any], row: Row) -> HttpResponse:
        """Show an action's form. A valid POST calls the service once; a refusal is shown with the form."""
        form = action.form(request.POST if request.method == "POST" else None, row=row)
        preview, question = None, ""
        if form.is_valid():
            arguments = form.arguments()
            confirmed = action.preview is None or "confirmed" in request.POST
            if action.preview:
                arguments["dry_run"] = not confirmed
            try:
                question = self._find_question(request, action, form)
                result = None if question else action.service(by=request.user, **arguments)
            except DomainError as error:
                self.message_user(request, form.refusal(error), messages.ERROR)
            else:
                if question:
                    self.message_user(request, question, messages.WARNING)
                elif confirmed or action.preview is None:
                    return self._finish_action(request, row, action.outcome(form, result))
                else:
                    preview = action.preview(result)
        return self.render_page(
            request,
            "admin/object_action.html",
            str(action.label),
            action=action,
            form=form,
            row=row,
            preview=preview,
            question=question,
            summary_template=self.summary_template if row.pk else "",
            back_url=admin_url(row) if row.pk else self.changelist_url(),
            **{str(self.opts.model_name): row},
        )

    def _find_question(
        self, request: HttpRequest, action: ObjectAction[Row, Any], form: ActionForm[Row]
    ) -> str:
        """Try the action, undo it, and return what to ask; an empty text when that was answered by now."""
        if action.question is None:
            return ""
        with dry_run():
            question = action.question(form, action.service(by=request.user, **form.arguments()))
        # Whoever answered another question, about another time for example, is asked again.
        return "" if question == request.POST.get("answered") else question

    def _finish_action(self, request: HttpRequest, row: Row, outcome: Outcome[Row]) -> HttpResponse:
        if outcome.log and row.pk:
            self.log_change(request, row, outcome.log)
        elif outcome.log:
            self.log_addition(request, outcome.row or row, outcome.log)
        self.message_user(request, outcome.message, messages.SUCCESS if outcome.log else messages.WARNING)
        return HttpResponseRedirect(admin_url(outcome.row or row))

    def changelist_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def get_extra_context(self, request: HttpRequest, row: Row) -> dict[str, Any]:
        """Return what the page of a row shows besides its form. It is not called when the form is saved."""
        actions = [
            action
            for action in self.object_actions
            if action.is_available_for(row) and request.user.has_perm(action.permission)
        ]
        self._warn_of_unknown_zones(request, row)
        return {"object_actions": actions}

    def _warn_of_unknown_zones(self, request: HttpRequest, row: Row) -> None:
        for field in self.opts.concrete_fields:
            zone = field.value_from_object(row)
            if isinstance(field, TimeZoneField) and canonical_timezone(zone) not in timezones():
                text = _("The time zone %(zone)s is unknown. No visits can be planned until you correct it.")
                self.message_user(request, text % {"zone": zone}, messages.ERROR)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Row | None = None,
    ) -> HttpResponse:
        if obj is not None:
            context |= self.get_extra_context(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_object_or_deny(self, request: HttpRequest, object_id: str, permission: str) -> Row:
        """Return the row that a page is about. Raise PermissionDenied without the permission, or Http404."""
        if not request.user.has_perm(permission):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(_("This page doesn't exist, or no longer exists."))
        return row

    def render_page(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        if "form" in context:
            context["media"] = self.media + context["form"].media
        return TemplateResponse(request, template, context)
