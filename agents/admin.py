from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from agents import services
from agents.forms import AgentForm, HoursFormSet
from agents.models import Agent, AgentInteraction, Engagement, TimeOff, WorkingHours
from ghar.admin import BaseAdmin, ServiceBackedAdmin


class WorkingHoursInline(admin.TabularInline):
    model = WorkingHours
    formset = HoursFormSet
    extra = 0
    verbose_name_plural = "working hours (none: 09:00 to 19:00 every day; 00:00 closes at midnight)"


class TimeOffInline(admin.TabularInline):
    """What is entered is removed here; `visits` enters it, since visits have to be given away then."""

    model = TimeOff
    fields = ("period", "reason")
    extra = 0
    verbose_name_plural = "time off"

    def has_add_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False


@admin.register(Agent)
class AgentAdmin(ServiceBackedAdmin):
    """Saved through the services. Nobody is deleted: `visits` adds how somebody leaves and comes back."""

    form = AgentForm
    inlines = (WorkingHoursInline, TimeOffInline)
    list_display = (
        "name",
        "agent_type",
        "cities",
        "languages",
        "is_active",
        "is_available",
        "live_visits",
        "capacity",
        "live_users",
    )
    list_filter = ("is_active", "is_available", "agent_type", "experience_level")
    search_fields = ("=id", "name", "contact_number", "user__full_name", "user__phone", "user__email")
    search_help_text = "Name, number, login or id"
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

    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        names = form.changed_data if change else form.cleaned_data
        data = {name: form.cleaned_data[name] for name in names}
        if "user" in data:
            user = data.pop("user")
            data["user_id"] = user and user.pk
        if change:
            services.update_agent(agent=Agent.objects.get(pk=obj.pk), by=request.user, **data)
        else:
            obj.pk = services.create_agent(by=request.user, **data).pk

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)  # only to find out what is new and what goes, for the admin's log
        if formset.model is WorkingHours:
            services.set_hours(agent=form.instance, by=request.user, items=formset.rows())
        for time_off in formset.deleted_objects if formset.model is TimeOff else ():
            services.remove_time_off(time_off=time_off, by=request.user)


class RecordAdmin(BaseAdmin):
    """What has happened is not rewritten."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Engagement]) -> QuerySet[Engagement]:
        return queryset.filter(ended_at__isnull=self.value() == "open") if self.value() else queryset


@admin.register(Engagement)
class EngagementAdmin(RecordAdmin):
    list_display = ("seeker", "agent", "reason", "started_at", "ended_at")
    list_filter = (StateFilter,)
    show_facets = admin.ShowFacets.ALWAYS
    list_select_related = ("seeker", "agent")
    search_fields = ("=id", "seeker__full_name", "seeker__phone", "seeker__email", "agent__name")
    search_help_text = "Seeker (name, phone, email), agent or id"
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """One begins with a seeker's first visit."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("agents.change_engagement")

    @admin.action(description="End", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Engagement]) -> None:
        ended = before = 0
        for engagement in queryset.select_related("agent").order_by("agent_id", "pk"):
            if services.end_engagement(engagement=engagement, by=request.user):
                self.log_change(request, engagement, "Ended.")
                ended += 1
            else:
                before += 1
        self.message_user(request, f"{ended} ended; {before} had ended before.")


@admin.register(AgentInteraction)
class AgentInteractionAdmin(RecordAdmin):
    list_display = ("agent", "user", "type", "response_time_seconds", "user_satisfaction", "created_at")
    list_filter = ("type", "user_satisfaction")
    list_select_related = ("agent", "user")
    search_fields = ("=id", "agent__name", "user__full_name", "user__phone", "user__email")
    search_help_text = "Agent, user (name, phone, email) or id"
    date_hierarchy = "created_at"
    autocomplete_fields = ("agent", "user")

    def save_model(self, request: HttpRequest, obj: AgentInteraction, form: Any, change: bool) -> None:
        fields = {name: value for name, value in form.cleaned_data.items() if name != "agent"}
        obj.pk = services.record_interaction(agent=obj.agent, by=request.user, **fields).pk
