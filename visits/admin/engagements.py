"""The admin of engagements: staff end them, or give a seeker another agent for future visits."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents import services as agent_services
from agents.admin import RecordAdmin
from agents.models import Agent, Engagement
from ghar.accounts.admin import staff_user
from ghar.admin import ActionForm, ExtraViewsMixin, ObjectAction, Outcome
from visits import services
from visits.admin.forms import MoveEngagementForm
from visits.permissions import ASSIGN_AGENT

CHANGE_ENGAGEMENT = "agents.change_engagement"


def move_outcome(form: ActionForm[Engagement], engagement: Engagement) -> Outcome[Engagement]:
    agent: Agent = form.cleaned_data["agent"]
    words = " ".join(filter(None, (form.cleaned_data[name] for name in ("reason", "note"))))
    names = {"seeker": form.row.seeker, "agent": agent, "reason": words}
    if engagement == form.row:
        return Outcome(_("Nothing to change: %(agent)s is the agent of %(seeker)s already.") % names)
    return Outcome(
        _("%(agent)s is now the agent of %(seeker)s.") % names,
        log=_("Moved to %(agent)s: %(reason)s") % names,
        row=engagement,
    )


def is_open(engagement: Engagement) -> bool:
    return engagement.ended_at is None


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("open", _("Open")), ("ended", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Engagement]) -> QuerySet[Engagement]:
        return queryset.filter(ended_at__isnull=self.value() == "open") if self.value() else queryset


@admin.register(Engagement)
class EngagementAdmin(ExtraViewsMixin[Engagement], RecordAdmin[Engagement]):
    object_actions = (
        ObjectAction(
            name="move",
            label=gettext_lazy("Change agent"),
            submit_label=gettext_lazy("Change agent"),
            hint=gettext_lazy(
                "The new agent gets the seeker's future visits. Booked visits keep their agents."
            ),
            form=MoveEngagementForm,
            service=services.move_engagement,
            outcome=move_outcome,
            permission=ASSIGN_AGENT,
            is_available_for=is_open,
        ),
    )
    list_display = ("seeker", "agent", "reason", "note", "started_at", "ended_at")
    list_filter = (StateFilter,)
    show_facets = admin.ShowFacets.ALWAYS
    list_select_related = ("seeker", "agent")
    search_fields = ("=id", "seeker__full_name", "seeker__phone", "seeker__email", "agent__name")
    search_help_text = gettext_lazy("Seeker (name, phone, email), agent or id")
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Engagements begin with a seeker's first visit."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE_ENGAGEMENT)

    @admin.action(description=gettext_lazy("End"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Engagement]) -> None:
        ended = ended_before = 0
        for engagement in queryset.select_related("agent").order_by("agent_id", "pk"):
            if agent_services.end_engagement(engagement=engagement, by=staff_user(request)):
                self.log_change(request, engagement, _("Ended."))
                ended += 1
            else:
                ended_before += 1
        counts = {"ended": ended, "before": ended_before}
        self.message_user(request, _("Ended: %(ended)s. Had already ended: %(before)s.") % counts)
