"""The admin of contacts, and the inlines of an agent. The admin of agents and engagements is in `visits`."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from agents import services
from agents.forms import HoursFormSet
from agents.models import Agent, AgentInteraction, TimeOff, WorkingHours
from ghar.admin import BaseAdmin, Row
from ghar.clock import format_local
from ghar.generics import ModelForm, TabularInline


class WorkingHoursInline(TabularInline[WorkingHours, Agent]):
    model = WorkingHours
    formset = HoursFormSet
    extra = 0
    verbose_name_plural = _("working hours (none: 09:00 to 19:00 every day; 00:00 or 23:59 is midnight)")


class TimeOffInline(TabularInline[TimeOff, Agent]):
    """Time off can be removed here. An action adds it, since it may reassign visits."""

    model = TimeOff
    fields = ("starts", "ends", "reason")
    readonly_fields = ("starts", "ends")
    extra = 0
    verbose_name_plural = _("time off (in the agent's time zone)")

    @admin.display(description=_("from"))
    def starts(self, time_off: TimeOff) -> str:
        return format_local(time_off.period.lower, time_off.agent.timezone)

    @admin.display(description=_("to"))
    def ends(self, time_off: TimeOff) -> str:
        return format_local(time_off.period.upper, time_off.agent.timezone)

    def has_add_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False


class RecordAdmin(BaseAdmin[Row]):
    """Records of what has happened: they are neither changed nor deleted."""

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


@admin.register(AgentInteraction)
class AgentInteractionAdmin(RecordAdmin[AgentInteraction]):
    list_display = ("agent", "user", "type", "response_time_seconds", "user_satisfaction", "created_at")
    list_filter = ("type", "user_satisfaction")
    list_select_related = ("agent", "user")
    search_fields = ("=id", "agent__name", "user__full_name", "user__phone", "user__email")
    search_help_text = _("Agent, user (name, phone, email) or id")
    date_hierarchy = "created_at"
    autocomplete_fields = ("agent", "user")

    def save_model(
        self, request: HttpRequest, obj: AgentInteraction, form: ModelForm[AgentInteraction], change: bool
    ) -> None:
        fields: dict[str, Any] = {**form.cleaned_data}
        agent = fields.pop("agent")
        obj.pk = services.record_interaction(agent=agent, by=request.user, **fields).pk
