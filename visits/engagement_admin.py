"""Engagements as visits knows them: staff give a seeker another agent for the visits to come."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from agents.admin import EngagementAdmin
from agents.models import Engagement
from ghar.admin import refusal
from ghar.errors import DomainError
from properties.admin import editor
from visits import services
from visits.forms import EngagementForm

admin.site.unregister(Engagement)


@admin.register(Engagement)
class MovableEngagementAdmin(EngagementAdmin):
    change_form_template = "admin/visits/engagement.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.move_view)
        own = path("<path:object_id>/move/", view, name="agents_engagement_move")
        return [own, *super().get_urls()]

    def has_move_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("visits.assign_agent")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        engagement = self.get_object(request, unquote(object_id))
        movable = engagement and engagement.ended_at is None and self.has_move_permission(request)
        return super().change_view(
            request, object_id, form_url, {"movable": movable, **(extra_context or {})}
        )

    def move_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_move_permission(request):
            raise PermissionDenied
        engagement = self.get_object(request, unquote(object_id))
        if engagement is None:
            raise Http404("There is no such engagement.")
        form = EngagementForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and self.move(request, engagement, **form.cleaned_data):
            return HttpResponseRedirect(reverse("admin:agents_engagement_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{engagement.seeker}: another agent",
            "engagement": engagement,
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/visits/move.html", context)

    def move(self, request: HttpRequest, engagement: Engagement, **given: Any) -> bool:
        """Whether the seeker's agent is the one given now; a refusal is told."""
        try:
            services.move_engagement(user=engagement.seeker, by=editor(request), **given)
        except DomainError as error:
            self.message_user(request, refusal(error), messages.ERROR)
            return False
        agent = given["agent"]
        self.log_change(request, engagement, f"Moved to {agent}: {given['reason']}")
        self.message_user(request, f"{engagement.seeker} is with {agent} now.", messages.SUCCESS)
        return True
