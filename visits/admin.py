"""The desk of those who assign agents. Whatever changes a visit here is a form through visits.services."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from ghar.admin import refusal
from ghar.errors import DomainError
from properties.admin import PropertyAdmin, editor
from properties.models import Property
from visits import services, words
from visits.forms import ActForm, AssignForm, BookForm, CancelForm, CompleteForm, ConfirmForm, RescheduleForm
from visits.models import Visit, VisitEvent

LISTING = "properties.change_property"
CHANGE, ASSIGN = "visits.change_visit", "visits.assign_agent"
EDITABLE = ("visit_notes", "follow_up_required", "follow_up_date")


@dataclass(frozen=True)
class Act:
    """Something that staff do to one visit, by a form on a page of its own."""

    name: str
    title: str
    done: str
    form: type[ActForm]
    service: Callable[..., Visit]
    permission: str = CHANGE
    to: str = ""

    def suits(self, visit: Visit) -> bool:
        return visit.can_become(self.to) if self.to else visit.is_live() and visit.is_tour()


ACTS = {
    act.name: act
    for act in (
        Act("assign", "Assign an agent", "Agent assigned", AssignForm, services.assign, ASSIGN),
        Act("confirm", "Confirm", "Confirmed", ConfirmForm, services.confirm, to=Visit.Status.CONFIRMED),
        Act(
            "reschedule",
            "Reschedule",
            "Rescheduled",
            RescheduleForm,
            services.reschedule,
            to=Visit.Status.RESCHEDULED,
        ),
        Act("complete", "Complete", "Completed", CompleteForm, services.complete, to=Visit.Status.COMPLETED),
        Act("cancel", "Cancel", "Cancelled", CancelForm, services.cancel, to=Visit.Status.CANCELLED),
    )
}


def clock_face(moment: datetime, zone: str) -> str:
    """Sun 22 Nov 2026, 11:00, as the clocks there show it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M}"


def told(error: DomainError, zone: str) -> str:
    """A refusal with what helps to go on."""
    sentences = [refusal(error)]
    if reasons := error.extra.get("reasons"):
        sentences.append(words.of_obstacles(reasons))
    if free := error.extra.get("alternatives"):
        sentences.append(f"Free instead: {'; '.join(clock_face(slot['start'], zone) for slot in free)}.")
    return " ".join(sentences)


class VisitEventInline(admin.TabularInline):
    model = VisitEvent
    fields = ("at", "change", "actor", "from_status", "to_status", "reason")
    readonly_fields = fields
    verbose_name_plural = "history"
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[VisitEvent]:
        return super().get_queryset(request).select_related("actor")

    def has_view_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return request.user.has_perm("visits.view_visit")

    def has_add_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return False


@admin.register(Visit)
class VisitAdmin(admin.ModelAdmin):
    """Booked, assigned and moved through its life by acts; only notes are written like a form."""

    list_display = ("when", "user", "property", "agent", "status", "awaiting")
    list_filter = ("status",)
    list_select_related = ("user", "property", "agent")
    search_fields = ("=id", "user__full_name", "user__phone", "property__title", "agent__name")
    inlines = (VisitEventInline,)
    fields = (
        "visit_context",
        "status",
        "awaiting",
        "scheduled_date",
        "scheduled_end",
        "property",
        "user",
        "counterparty_user",
        "agent",
        "special_requirements",
        "visitor_feedback",
        "interest_level",
        "visit_notes",
        "follow_up_required",
        "follow_up_date",
        "cancellation_reason",
        "rescheduled_from",
        "actual_date",
        "conversation",
        "match",
        "version",
        "created_at",
        "updated_at",
    )

    @admin.display(description="when", ordering="scheduled_date")
    def when(self, visit: Visit) -> str:
        return clock_face(visit.scheduled_date, visit.property.timezone)

    def get_readonly_fields(self, request: HttpRequest, obj: Visit | None = None) -> list[str]:
        final = obj is not None and obj.status == Visit.Status.CANCELLED
        return [name for name in self.fields if final or name not in EDITABLE]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE)

    def has_delete_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{act.name}/",
                self.admin_site.admin_view(partial(self.act_view, act=act)),
                name=f"visits_visit_{act.name}",
            )
            for act in ACTS.values()
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Book a tour for somebody."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BookForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and (visit := self.book(request, form)):
            return HttpResponseRedirect(self.page_of(visit))
        return self.form_page(request, form, "Book a tour")

    def book(self, request: HttpRequest, form: BookForm) -> Visit | None:
        try:
            visit, made = services.schedule(by=editor(request), **form.given())
        except DomainError as error:
            self.tell(request, error, form.cleaned_data["listing"].timezone)
            return None
        if made:
            self.log_addition(request, visit, "Booked")
        agent = f"with {visit.agent}" if visit.agent else "nobody is free for it yet"
        self.message_user(request, f"Booked: {agent}." if made else "This was booked already.")
        return visit

    def act_view(self, request: HttpRequest, object_id: str, act: Act) -> HttpResponse:
        if not request.user.has_perm(act.permission):
            raise PermissionDenied
        visit = self.get_object(request, unquote(object_id))
        if visit is None:
            raise Http404("There is no such visit.")
        form = act.form(request.POST if request.method == "POST" else None, visit=visit)
        if form.is_valid() and self.perform(request, visit, act, form):
            return HttpResponseRedirect(self.page_of(visit))
        return self.form_page(request, form, act.title, visit)

    def perform(self, request: HttpRequest, visit: Visit, act: Act, form: ActForm) -> bool:
        try:
            act.service(visit=visit, by=editor(request), **form.given())
        except DomainError as error:
            self.tell(request, error, visit.property.timezone)
            return False
        self.log_change(request, visit, act.done)
        self.message_user(request, f"{act.done}.", messages.SUCCESS)
        return True

    def tell(self, request: HttpRequest, error: DomainError, zone: str) -> None:
        self.message_user(request, told(error, zone), messages.ERROR)

    def form_page(
        self, request: HttpRequest, form: forms.Form, title: str, visit: Visit | None = None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "form": form,
            "media": self.media + form.media,
            "visit": visit,
        }
        return TemplateResponse(request, "admin/visits/visit/act.html", context)

    def page_of(self, visit: Visit) -> str:
        return reverse("admin:visits_visit_change", args=[visit.pk])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        visit = self.get_object(request, unquote(object_id))
        shown = {"acts": self.acts_on(request, visit), **(extra_context or {})} if visit else extra_context
        return super().change_view(request, object_id, form_url, shown)

    def acts_on(self, request: HttpRequest, visit: Visit) -> list[Act]:
        return [act for act in ACTS.values() if act.suits(visit) and request.user.has_perm(act.permission)]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What was refused only while saving is undone and told."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            self.message_user(request, refusal(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Visit, form: Any, change: bool) -> None:
        data = {name: form.cleaned_data[name] for name in form.changed_data}
        services.update(visit=obj, by=editor(request), **data)


admin.site.unregister(Property)


@admin.register(Property)
class ListingAdmin(PropertyAdmin):
    """Listings as visits knows them: to withdraw one cancels its visits."""

    change_form_template = "admin/visits/listing.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.withdraw_view)
        return [
            path("<path:object_id>/withdraw/", view, name="properties_property_withdraw"),
            *super().get_urls(),
        ]

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not request.user.has_perm(LISTING):
            raise PermissionDenied
        listing = self.get_object(request, unquote(object_id))
        if listing is None:
            raise Http404("There is no such listing.")
        if request.method == "POST":
            return self.withdraw(request, listing)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Withdraw the listing",
            "listing": listing,
            "visits": Visit.objects.live().filter(property=listing).for_reading().order_by("scheduled_date"),
        }
        return TemplateResponse(request, "admin/visits/withdraw.html", context)

    def withdraw(self, request: HttpRequest, listing: Property) -> HttpResponse:
        try:
            services.withdraw_property(listing=listing, by=editor(request))
        except DomainError as error:
            self.message_user(request, refusal(error), messages.ERROR)
        else:
            self.log_change(request, listing, "Withdrawn")
            self.message_user(request, "Withdrawn; its visits are cancelled.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:properties_property_change", args=[listing.pk]))
