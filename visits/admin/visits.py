"""The admin of visits."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import BigIntegerField, DateTimeField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from agents.models import Agent
from ghar import clock
from ghar.admin import error_message
from ghar.clock import format_local
from ghar.errors import DomainError
from ghar.validators import is_id
from properties.admin import editor
from visits import queues, services
from visits.admin import filters
from visits.admin.actions import VisitActionsMixin
from visits.admin.fields import LocalDateTimeInput, OfficeDateTimeField
from visits.admin.forms import AssignForm, NotesForm
from visits.assignment import explanations
from visits.models import LIVE, Visit, VisitEvent
from visits.templatetags.visit_badges import badge, status_badge

NOTES = ("visit_notes", "follow_up_required", "follow_up_date")


def agent_name_subquery(key: str) -> Subquery:
    """Of the agent whose id the history keeps under that key."""
    agents = Agent.objects.filter(pk=OuterRef(key))
    return Subquery(agents.values("name"))


class HistoryInline(admin.TabularInline):
    model = VisitEvent
    fields = ("when", "who", "change", "step", "agents", "reason", "why")
    readonly_fields = fields
    verbose_name_plural = "history"
    template = "admin/visits/visit/history.html"
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[VisitEvent]:
        ids = {key: Cast(KT(f"data__{key}"), BigIntegerField()) for key in ("agent_id", "from_agent_id")}
        events = super().get_queryset(request).select_related("actor").annotate(**ids)
        return events.annotate(
            agent=agent_name_subquery("agent_id"), from_agent=agent_name_subquery("from_agent_id")
        )

    def has_view_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return request.user.has_perm("visits.view_visit")

    def has_add_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return False

    @admin.display(description="when")
    def when(self, event: VisitEvent) -> str:
        return format_local(event.at, settings.OFFICE_TIME_ZONE.key)

    @admin.display(description="who")
    def who(self, event: VisitEvent) -> str:
        return str(event.actor) if event.actor else "the system"

    @admin.display(description="status")
    def step(self, event: VisitEvent) -> str:
        same = event.from_status in ("", event.to_status)
        return event.to_status if same else f"{event.from_status} → {event.to_status}"

    @admin.display(description="agent", empty_value="")
    def agents(self, event: Any) -> str:
        if event.agent == event.from_agent:
            return event.agent or ""
        return f"{event.from_agent or 'nobody'} → {event.agent or 'nobody'}"

    @admin.display(description="why this agent", empty_value="")
    def why(self, event: VisitEvent) -> str:
        return explanations.explain_decision(event.data)


@admin.register(Visit)
class VisitAdmin(VisitActionsMixin):
    """Booked, assigned and moved through its life by acts; only notes are written like a form."""

    form = NotesForm
    list_display = ("when", "visitor", "listing", "shown_by", "state", "waits_for")
    list_filter = (
        filters.WorkQueueFilter,
        "status",
        ("awaiting", admin.ChoicesFieldListFilter),
        ("agent", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("user", "counterparty_user", "property", "agent")
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "scheduled_date"
    search_fields = (
        "=id",
        "user__full_name",
        "user__phone",
        "user__email",
        "counterparty_user__full_name",
        "property__title",
        "property__locality",
        "property__city",
        "agent__name",
    )
    search_help_text = "Visitor (name, phone, email), listing, city, agent, or the visit's number: =17"
    inlines = (HistoryInline,)
    formfield_overrides = {DateTimeField: {"form_class": OfficeDateTimeField, "widget": LocalDateTimeInput}}
    fieldsets = (
        (
            "What the visitor said",
            {"fields": ("special_requirements", "visitor_feedback", "interest_level")},
        ),
        ("Notes and follow-up", {"fields": NOTES}),
        (
            "The record",
            {
                "classes": ("collapse",),
                "fields": (
                    "visit_context",
                    "status",
                    "awaiting",
                    "scheduled_date",
                    "scheduled_end",
                    "actual_date",
                    "rescheduled_from",
                    "cancellation_reason",
                    "user",
                    "counterparty_user",
                    "property",
                    "agent",
                    "conversation",
                    "match",
                    "exclusive",
                    "version",
                    "created_at",
                    "updated_at",
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Visit]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_ordering(self, request: HttpRequest) -> tuple[str, str]:
        queue = queues.WORK_QUEUES.get(filters.selected_queue(request))
        return ("scheduled_date", "id") if queue else ("-scheduled_date", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Visit], search_term: str
    ) -> tuple[QuerySet[Visit], bool]:
        number = search_term.strip()
        if not number.startswith("="):
            return super().get_search_results(request, queryset, search_term)
        return (queryset.filter(pk=number[1:]) if is_id(number[1:]) else queryset.none()), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": "Visits", **(extra_context or {})})

    @admin.display(description="when", ordering="scheduled_date")
    def when(self, visit: Visit) -> SafeString:
        now, start = clock.now(), visit.scheduled_date
        distance = (
            f"in {timeuntil(start, now, depth=1)}" if start > now else f"{timesince(start, now, depth=1)} ago"
        )
        there = format_local(start, visit.property.timezone)
        if visit.is_urgent():
            return format_html("{}<br>{}", there, badge("nobody", distance, "!"))
        return format_html('{}<small class="aside">{}</small>', there, distance)

    @admin.display(description="visitor", ordering="user__full_name")
    def visitor(self, visit: Visit) -> SafeString:
        other = f"meets {visit.counterparty_user}" if visit.counterparty_user else visit.user.phone or ""
        return format_html('{}<small class="aside">{}</small>', visit.user, other)

    @admin.display(description="listing", ordering="property__title")
    def listing(self, visit: Visit) -> SafeString:
        home = visit.property
        place = ", ".join(part for part in (home.locality, home.city) if part)
        return format_html('{}<small class="aside">{}</small>', home.title, place)

    @admin.display(description="agent", ordering="agent__name", empty_value="")
    def shown_by(self, visit: Visit) -> Any:
        if visit.agent:
            return visit.agent
        if visit.is_tour() and visit.is_live():
            return badge("nobody", "Nobody", "!")
        return ""

    @admin.display(description="status", ordering="status")
    def state(self, visit: Visit) -> SafeString:
        return status_badge(visit)

    @admin.display(description="waits for", ordering="awaiting", empty_value="")
    def waits_for(self, visit: Visit) -> str:
        if visit.status in LIVE and visit.scheduled_end <= clock.now():
            return "its completion"
        return visit.get_awaiting_display() if visit.awaiting else ""

    def get_readonly_fields(self, request: HttpRequest, obj: Visit | None = None) -> list[str]:
        written = {*NOTES, "read_version"} if self.may_write(request, obj) else set()
        fields: list[Any] = flatten_fieldsets(self.get_fieldsets(request, obj))
        return [name for name in fields if name not in written]

    def get_fieldsets(self, request: HttpRequest, obj: Visit | None = None) -> Any:
        """With the version to compare where something can be written."""
        said, notes, record = self.fieldsets
        if self.may_write(request, obj):
            notes = (notes[0], {"fields": (*NOTES, "read_version")})
        return (said, notes, record)

    def may_write(self, request: HttpRequest, visit: Visit | None) -> bool:
        final = visit is not None and visit.status == Visit.Status.CANCELLED
        return not final and self.has_change_permission(request, visit)

    def has_delete_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return False

    def card(self, request: HttpRequest, visit: Visit) -> dict[str, Any]:
        """What the page shows above the notes: the visit, its buttons, and who could show it."""
        acts = {act.name: act for act in self.acts_on(request, visit)}
        assign = acts.pop("assign", None)
        return {
            "title": str(visit),
            "subtitle": None,
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
            "visit": visit,
            "acts": list(acts.values()),
            "assign": assign,
            "form": AssignForm(visit=visit) if assign else None,
        }

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What was refused only while saving is undone and told."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            self.message_user(request, error_message(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Visit, form: Any, change: bool) -> None:
        data = {name: form.cleaned_data[name] for name in form.changed_data if name in NOTES}
        version = form.cleaned_data.get("read_version")
        services.update(visit=obj, by=editor(request), version=version, **data)
