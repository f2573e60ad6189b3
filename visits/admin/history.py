"""The history on a visit's page."""

from django.conf import settings
from django.contrib import admin
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import Agent
from ghar.clock import format_local
from ghar.generics import TabularInline
from visits.assignment import explanations
from visits.models import Visit, VisitEvent, VisitStatus
from visits.permissions import VIEW_VISIT


def agent_name_subquery(key: str) -> Subquery:
    """Return the name of the agent whose id an event's data has under that key."""
    return Subquery(Agent.objects.filter(pk=OuterRef(key)).values("name"))


class HistoryInline(TabularInline[VisitEvent, Visit]):
    """The events of a visit, oldest first. The names of agents are read with the events, not one by one."""

    model = VisitEvent
    fields = ("when", "who", "change", "step", "agents", "reason", "note", "why")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("history")
    template = "admin/visits/visit/history.html"
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[VisitEvent]:
        ids = {key: Cast(KT(f"data__{key}"), BigIntegerField()) for key in ("agent_id", "from_agent_id")}
        events: QuerySet[VisitEvent] = super().get_queryset(request).select_related("actor").annotate(**ids)
        return events.annotate(
            agent=agent_name_subquery("agent_id"), from_agent=agent_name_subquery("from_agent_id")
        )

    def has_view_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return request.user.has_perm(VIEW_VISIT)

    def has_add_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("when"))
    def when(self, event: VisitEvent) -> str:
        return format_local(event.at, settings.OFFICE_TIME_ZONE.key)

    @admin.display(description=gettext_lazy("by"))
    def who(self, event: VisitEvent) -> str:
        return str(event.actor) if event.actor else _("the system")

    @admin.display(description=gettext_lazy("status"))
    def step(self, event: VisitEvent) -> str:
        after = VisitStatus(event.to_status).label
        if event.from_status in ("", event.to_status):
            return str(after)
        return f"{VisitStatus(event.from_status).label} → {after}"

    @admin.display(description=gettext_lazy("agent"), empty_value="")
    def agents(self, event: VisitEvent) -> str:
        names: dict[str, str | None] = vars(event)  # annotated by get_queryset
        after, before = names["agent"], names["from_agent"]
        if after == before:
            return after or ""
        return f"{before or _('nobody')} → {after or _('nobody')}"

    @admin.display(description=gettext_lazy("why this agent"), empty_value="")
    def why(self, event: VisitEvent) -> str:
        return explanations.explain_decision(event.data)
