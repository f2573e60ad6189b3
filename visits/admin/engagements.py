"""Engagements as visits knows them: staff give a seeker another agent for the visits to come."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from agents.admin import EngagementAdmin as BaseEngagementAdmin
from agents.models import Engagement
from ghar.admin import ExtraViewsMixin, error_message
from ghar.errors import DomainError
from properties.admin import editor
from visits import services
from visits.admin.forms import EngagementForm

admin.site.unregister(Engagement)


@admin.register(Engagement)
class EngagementAdmin(ExtraViewsMixin, BaseEngagementAdmin):
    change_form_template = "admin/visits/engagement.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.move_view)
        own = path("<path:object_id>/move/", view, name="agents_engagement_move")
        return [own, *super().get_urls()]

    def has_move_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("visits.assign_agent")

    def card(self, request: HttpRequest, engagement: Engagement) -> dict[str, Any]:
        return {"movable": engagement.ended_at is None and self.has_move_permission(request)}

    def move_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        engagement = self.found(request, object_id, allowed=self.has_move_permission(request))
        if engagement.ended_at:
            self.message_user(request, "This engagement has ended: move the open one.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:agents_engagement_change", args=[engagement.pk]))
        form = EngagementForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and self.move(request, engagement, **form.cleaned_data):
            return HttpResponseRedirect(reverse("admin:agents_engagement_changelist"))
        title = f"{engagement.seeker}: another agent"
        return self.render_page(request, "visits/move.html", title, engagement=engagement, form=form)

    def move(self, request: HttpRequest, engagement: Engagement, **given: Any) -> bool:
        """Whether the seeker's agent is the one given now; a refusal is told."""
        agent = given["agent"]
        try:
            present = services.move_engagement(user=engagement.seeker, by=editor(request), **given)
        except DomainError as error:
            self.message_user(request, error_message(error), messages.ERROR)
            return False
        if present == engagement:
            done = f"{engagement.seeker} is with {agent} already: nothing changed."
            self.message_user(request, done, messages.WARNING)
        else:
            self.log_change(request, engagement, f"Moved to {agent}: {given['reason']}")
            self.message_user(request, f"{engagement.seeker} is with {agent} now.", messages.SUCCESS)
        return True
