"""The admin of visits."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import DateTimeField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar import clock
from ghar.accounts.admin import staff_user
from ghar.admin import ServiceBackedAdmin
from ghar.clock import format_local
from ghar.exports import CsvExportMixin
from ghar.validators import is_id
from visits import queues, services
from visits.admin import filters
from visits.admin.actions import ASSIGN, BOOK_TOUR, VISIT_ACTIONS
from visits.admin.assign_many import AssignManyMixin
from visits.admin.fields import LocalDateTimeInput, OfficeDateTimeField
from visits.admin.forms import AssignForm, NotesForm
from visits.admin.history import HistoryInline
from visits.exports import VISITS
from visits.models import LIVE, STAFF_SEARCH_COLUMNS, Visit
from visits.permissions import CHANGE_VISIT
from visits.templatetags.visit_display import badge, status_badge

NOTES = ("visit_notes", "follow_up_required", "follow_up_date")
RECORD = (
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
    "kept_unassigned",
    "conversation",
    "match",
    "exclusive",
    "version",
    "created_at",
    "updated_at",
)


@admin.register(Visit)
class VisitAdmin(AssignManyMixin, CsvExportMixin[Visit], ServiceBackedAdmin[Visit]):
    """Visits are booked, assigned and changed by actions. Only the notes are edited in the form."""

    csv_export = VISITS
    actions = (*AssignManyMixin.actions, "export_csv")
    form = NotesForm
    object_actions = VISIT_ACTIONS
    add_action = BOOK_TOUR
    summary_template = "admin/visits/visit/summary.html"
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
    search_fields = ("=id", *STAFF_SEARCH_COLUMNS)
    search_help_text = gettext_lazy(
        "Visitor (name, phone, email), listing, city, agent, or the visit's number: =17"
    )
    inlines = (HistoryInline,)
    formfield_overrides = {DateTimeField: {"form_class": OfficeDateTimeField, "widget": LocalDateTimeInput}}

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
        return super().changelist_view(request, {"title": _("Visits"), **(extra_context or {})})

    @admin.display(description=gettext_lazy("when"), ordering="scheduled_date")
    def when(self, visit: Visit) -> SafeString:
        now, start = clock.now(), visit.scheduled_date
        if start > now:
            distance = _("in %(time)s") % {"time": timeuntil(start, now, depth=1)}
        else:
            distance = _("%(time)s ago") % {"time": timesince(start, now, depth=1)}
        local = format_local(start, visit.property.timezone)
        if visit.is_urgent():
            return format_html("{}<br>{}", local, badge("nobody", distance, "!"))
        return format_html('{}<small class="aside">{}</small>', local, distance)

    @admin.display(description=gettext_lazy("visitor"), ordering="user__full_name")
    def visitor(self, visit: Visit) -> SafeString:
        aside = visit.user.phone or ""
        if visit.counterparty_user:
            aside = _("meets %(person)s") % {"person": visit.counterparty_user}
        return format_html('{}<small class="aside">{}</small>', visit.user, aside)

    @admin.display(description=gettext_lazy("listing"), ordering="property__title")
    def listing(self, visit: Visit) -> SafeString:
        listing = visit.property
        place = ", ".join(part for part in (listing.locality, listing.city) if part)
        return format_html('{}<small class="aside">{}</small>', listing.title, place)

    @admin.display(description=gettext_lazy("agent"), ordering="agent__name", empty_value="")
    def shown_by(self, visit: Visit) -> str:
        if visit.agent:
            return str(visit.agent)
        return badge("nobody", _("Nobody"), "!") if ASSIGN.is_available_for(visit) else ""

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, visit: Visit) -> SafeString:
        return status_badge(visit)

    @admin.display(description=gettext_lazy("awaiting"), ordering="awaiting", empty_value="")
    def waits_for(self, visit: Visit) -> str:
        if visit.status in LIVE and visit.scheduled_end <= clock.now():
            return _("Completion")
        return visit.get_awaiting_display() if visit.awaiting else ""

    @admin.display(description=gettext_lazy("feedback"), empty_value="")
    def feedback(self, visit: Visit) -> SafeString:
        """Return a line for each author: the two of a meet, and what the agency heard."""
        rows = visit.feedback.select_related("author")
        lines = (
            (row.author, " · ".join(filter(None, (row.get_interest_level_display(), row.visitor_feedback))))
            for row in rows
        )
        return format_html_join("", "<div><strong>{}</strong>: {}</div>", lines)

    def get_readonly_fields(self, request: HttpRequest, obj: Visit | None = None) -> list[str]:
        editable = {*NOTES, "read_version"} if self.can_edit_notes(request, obj) else set()
        fields: list[Any] = flatten_fieldsets(self.get_fieldsets(request, obj))
        return [name for name in fields if name not in editable]

    def get_fieldsets(self, request: HttpRequest, obj: Visit | None = None) -> Any:
        """Include the version to compare where the notes can be edited."""
        notes = (*NOTES, "read_version") if self.can_edit_notes(request, obj) else NOTES
        return (
            (
                _("From the visitor"),
                {"fields": ("time_slot_label", "special_requirements", "feedback")},
            ),
            (_("Notes and follow-up"), {"fields": notes}),
            (
                _("Details"),
                {
                    "classes": ("collapse",),
                    "description": _("Times here are in office time (%(zone)s).")
                    % {"zone": settings.OFFICE_TIME_ZONE},
                    "fields": RECORD,
                },
            ),
        )

    def can_edit_notes(self, request: HttpRequest, visit: Visit | None) -> bool:
        cancelled = visit is not None and visit.status == Visit.Status.CANCELLED
        return not cancelled and self.has_change_permission(request, visit)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE_VISIT)

    def get_extra_context(self, request: HttpRequest, row: Visit) -> dict[str, Any]:
        """Add the visit and the table of agents; the latter takes the place of the button to assign."""
        context = super().get_extra_context(request, row)
        can_assign = ASSIGN in context["object_actions"]
        return {
            "title": str(row),
            "subtitle": None,
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
            "visit": row,
            "object_actions": [action for action in context["object_actions"] if action != ASSIGN],
            "form": AssignForm(row=row) if can_assign else None,
            "action": ASSIGN,
        }

    def save_model(self, request: HttpRequest, obj: Visit, form: NotesForm, change: bool) -> None:
        data = {name: form.cleaned_data[name] for name in form.changed_data if name in NOTES}
        version = form.cleaned_data.get("read_version")
        versions = None if version is None else {version}
        services.update(visit=obj, by=staff_user(request), versions=versions, **data)
