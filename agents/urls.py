"""The routes of agents that need no visits. All others are in `visits.urls`."""

from django.urls import URLPattern, URLResolver

from agents import views
from ghar.api.routers import Router, endpoint

router = Router()
router.register("agents", views.AgentAvailabilityViewSet, basename="agent-availability")

urlpatterns: list[URLPattern | URLResolver] = [
    endpoint("agents/assigned", views.AssignedAgentView.as_view(), "agent-assigned"),
    endpoint("agents/me", views.OwnAgentView.as_view(), "agent-me"),
    *router.urls,
]
