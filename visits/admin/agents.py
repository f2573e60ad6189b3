"""The admin of agents. When agents are away or leave, others get their visits; staff see a preview first."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents import services as agent_services
from agents.admin import TimeOffInline, WorkingHoursInline
from agents.exports import AGENTS
from agents.forms import AgentForm, HoursFormSet
from agents.models import CHANGE_AGENT, Agent, TimeOff
from ghar.accounts.admin import staff_user
from ghar.admin import (
    ActionForm,
    ExtraViewsMixin,
    ObjectAction,
    Outcome,
    ServiceBackedAdmin,
    Text,
    name_column,
)
from ghar.exports import CsvExportMixin
from visits import services
from visits.admin.forms import AgentActionForm, TimeOffForm
from visits.assignment.absences import Absence, Reassignment
from visits.models import Visit

# The service's result: what was changed, and which visits go to other agents.
AgentChange = tuple[TimeOff | Agent | None, Sequence[Reassignment]] | Absence


def agent_outcome(message: Text) -> Callable[[ActionForm[Agent], AgentChange], Outcome[Agent]]:
    def outcome(form: ActionForm[Agent], change: AgentChange) -> Outcome[Agent]:
        written, reassignments = change[0], change[1]
        is_repeat = isinstance(change, Absence) and not change.is_new
        if is_repeat or isinstance(written, Agent) and written.is_active == form.row.is_active:
            return Outcome(_("Nothing to change."))
        text = str(message)
        if reassignments:
            queued = sum(each["to_agent_id"] is None for each in reassignments)
            text = _("%(message)s Visits reassigned: %(reassigned)s. Back in the queue: %(queued)s.") % {
                "message": message,
                "reassigned": len(reassignments) - queued,
                "queued": queued,
            }
        return Outcome(text, log=str(message))

    return outcome


def preview_reassignments(change: AgentChange) -> dict[str, list[tuple[Visit, Agent | None]]]:
    """Return each visit that would be reassigned, with its new agent; None is the queue."""
    reassignments = change[1]
    visits = Visit.objects.select_related("user", "property").in_bulk(
        [each["visit_id"] for each in reassignments]
    )
    agents = Agent.objects.in_bulk([each["to_agent_id"] for each in reassignments if each["to_agent_id"]])
    return {
        "reassignments": [
            (visits[each["visit_id"]], agents.get(each["to_agent_id"] or 0)) for each in reassignments
        ]
    }


def is_active(agent: Agent) -> bool:
    return agent.is_active


def has_left(agent: Agent) -> bool:
    return not agent.is_active


def agent_action(**options: Any) -> ObjectAction[Agent, AgentChange]:
    return ObjectAction(
        permission=CHANGE_AGENT,
        preview=preview_reassignments,
        preview_template="admin/agents/agent/reassignments.html",
        **options,
    )


@admin.register(Agent)
class AgentAdmin(CsvExportMixin[Agent], ExtraViewsMixin[Agent], ServiceBackedAdmin[Agent]):
    """Agents are saved by the services, and never deleted: they leave, and may come back."""

    csv_export = AGENTS
    actions = ("export_csv",)
    object_actions = (
        agent_action(
            name="time_off",
            label=gettext_lazy("Time off"),
            submit_label=gettext_lazy("Add time off"),
            hint=gettext_lazy("The agent's visits in that time go to the best free agents, or to the queue."),
            form=TimeOffForm,
            service=services.take_time_off,
            outcome=agent_outcome(gettext_lazy("Time off added.")),
            is_available_for=is_active,
        ),
        agent_action(
            name="leave",
            label=gettext_lazy("Mark as left"),
            submit_label=gettext_lazy("Mark as left"),
            hint=gettext_lazy("All the agent's future visits go to the best free agents, or to the queue."),
            form=AgentActionForm,
            service=partial(services.update_agent, is_active=False),
            outcome=agent_outcome(gettext_lazy("Marked as left.")),
            is_available_for=is_active,
        ),
        agent_action(
            name="return",
            label=gettext_lazy("Reactivate"),
            submit_label=gettext_lazy("Reactivate"),
            hint=gettext_lazy("The agent can be assigned to visits again."),
            form=AgentActionForm,
            service=partial(services.update_agent, is_active=True),
            outcome=agent_outcome(gettext_lazy("Reactivated.")),
            is_available_for=has_left,
        ),
    )
    form = AgentForm
    inlines = (WorkingHoursInline, TimeOffInline)
    list_display = (
        name_column("name", gettext_lazy("name")),
        "agent_type",
        "cities",
        "serves_everywhere",
        "languages",
        "is_active",
        "is_available",
        "live_visits",
        "capacity",
        "live_users",
    )
    list_filter = ("is_active", "is_available", "serves_everywhere", "agent_type", "experience_level")
    search_fields = ("=id", "name", "contact_number", "user__full_name", "user__phone", "user__email")
    search_help_text = gettext_lazy("Name, number, login or id")
    show_facets = admin.ShowFacets.ALWAYS
    autocomplete_fields = ("user",)
    readonly_fields = (
        "is_active",
        "live_visits",
        "live_users",
        "total_users_assigned",
        "user_satisfaction_rating",
        "assignments_won",
        "expected_share",
        "last_assigned_at",
        "created_at",
        "updated_at",
    )

    def save_model(self, request: HttpRequest, obj: Agent, form: AgentForm, change: bool) -> None:
        names = form.changed_data if change else form.cleaned_data
        data = {name: form.cleaned_data[name] for name in names}
        if "user" in data:
            user = data.pop("user")
            data["user_id"] = user and user.pk
        if change:
            agent = Agent.objects.get(pk=obj.pk)
            services.update_agent(agent=agent, by=staff_user(request), **data)
        else:
            obj.pk = agent_services.create_agent(by=staff_user(request), **data).pk

    def save_formset(self, request: HttpRequest, form: AgentForm, formset: Any, change: bool) -> None:
        formset.save(commit=False)  # finds out what is new and what goes, for the admin's log
        if isinstance(formset, HoursFormSet):
            agent_services.set_hours(agent=form.instance, by=staff_user(request), items=formset.rows())
        elif formset.model is TimeOff:
            for time_off in formset.deleted_objects:
                agent_services.remove_time_off(time_off=time_off, by=staff_user(request))
