"""Agents as visits knows them: who is away or leaves hands his visits over, once staff have seen to whom."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from agents.admin import AgentAdmin as BaseAgentAdmin
from agents.models import Agent
from ghar.admin import ExtraViewsMixin, error_message
from ghar.errors import DomainError
from properties.admin import editor
from visits import services
from visits.admin.forms import DismissForm, TimeOffForm
from visits.models import Visit


@dataclass(frozen=True)
class AgentAction:
    """A change of an agent that may cost him visits. `service` answers last which ones."""

    name: str
    label: str
    submit_label: str
    done: str
    hint: str
    form: type[DismissForm]
    service: Callable[..., Any]
    employed: bool = True


AGENT_ACTIONS = {
    absence.name: absence
    for absence in (
        AgentAction(
            name="time_off",
            label="Time off",
            submit_label="Enter the time off",
            done="Time off entered.",
            hint="His visits in that time go to the best other agent, or to the queue.",
            form=TimeOffForm,
            service=services.take_time_off,
        ),
        AgentAction(
            name="leave",
            label="Has left",
            submit_label="He has left",
            done="No longer employed.",
            hint="All his visits to come go to the best other agent, or to the queue.",
            form=DismissForm,
            service=partial(services.update_agent, is_active=False),
        ),
        AgentAction(
            name="return",
            label="Employ again",
            submit_label="Employ again",
            done="Employed again.",
            hint="He can be given visits from now on.",
            form=DismissForm,
            service=partial(services.update_agent, is_active=True),
            employed=False,
        ),
    )
}

admin.site.unregister(Agent)


@admin.register(Agent)
class AgentAdmin(ExtraViewsMixin, BaseAgentAdmin):
    change_form_template = "admin/visits/agent.html"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{absence.name}/",
                self.admin_site.admin_view(partial(self.absence_view, absence=absence)),
                name=f"agents_agent_{absence.name}",
            )
            for absence in AGENT_ACTIONS.values()
        ]
        return [*own, *super().get_urls()]

    def card(self, request: HttpRequest, agent: Agent) -> dict[str, Any]:
        return {"absences": [each for each in AGENT_ACTIONS.values() if each.employed == agent.is_active]}

    def absence_view(self, request: HttpRequest, object_id: str, absence: AgentAction) -> HttpResponse:
        """First what would happen, by a transaction that is undone; then, by the same form, that it does."""
        agent = self.found(request, object_id, allowed=self.has_change_permission(request))
        form = absence.form(request.POST if request.method == "POST" else None, agent=agent)
        moved = self.perform(request, agent, absence, form) if form.is_valid() else None
        if moved is not None and "sure" in request.POST:
            return HttpResponseRedirect(reverse("admin:agents_agent_change", args=[agent.pk]))
        return self.absence_page(request, agent, absence, form, moved)

    def perform(
        self, request: HttpRequest, agent: Agent, absence: AgentAction, form: DismissForm
    ) -> list[Any] | None:
        sure = "sure" in request.POST
        try:
            _, moved = absence.service(agent=agent, by=editor(request), dry_run=not sure, **form.given())
        except DomainError as error:
            self.message_user(request, error_message(error), messages.ERROR)
            return None
        if sure:
            self.log_change(request, agent, absence.done)
            self.message_user(
                request, f"{absence.done} {reassignment_summary(moved)}".strip(), messages.SUCCESS
            )
        return moved

    def absence_page(
        self,
        request: HttpRequest,
        agent: Agent,
        absence: AgentAction,
        form: forms.Form,
        moved: list[Any] | None,
    ) -> HttpResponse:
        return self.render_page(
            request,
            "visits/absence.html",
            f"{agent}: {absence.label.lower()}",
            agent=agent,
            absence=absence,
            form=form,
            seen=moved is not None,
            moves=reassignment_rows(moved or []),
        )


def reassignment_rows(moved: list[Any]) -> list[tuple[Visit, Agent | None]]:
    """Each visit that is given away, and to whom."""
    visits = Visit.objects.select_related("user", "property").in_bulk([each["visit_id"] for each in moved])
    agents = Agent.objects.in_bulk([each["to_agent_id"] for each in moved if each["to_agent_id"]])
    return [(visits[each["visit_id"]], agents.get(each["to_agent_id"] or 0)) for each in moved]


def reassignment_summary(moved: list[Any]) -> str:
    given = sum(each["to_agent_id"] is not None for each in moved)
    return f"{given} visits given to others, {len(moved) - given} back in the queue." if moved else ""
