"""The routes of visits, and those of listings, agents and conversations that need visits."""

from django.urls import URLPattern, URLResolver

from ghar.api.routers import Router, endpoint
from visits.api.views.agents import AgentViewSet
from visits.api.views.conversations import MessageViewSet
from visits.api.views.properties import PropertyViewSet
from visits.api.views.visits import VisitViewSet

router = Router()
router.register("visits", VisitViewSet, basename="visit")
router.register("properties", PropertyViewSet, basename="property")
router.register("agents", AgentViewSet, basename="agent")
router.register("flatmates/conversations", MessageViewSet, basename="message")
urlpatterns: list[URLPattern | URLResolver] = [
    # The name under which the flatmates' clients change a meet.
    endpoint("flatmates/visits/(?P<pk>[0-9]+)", VisitViewSet.as_view({"put": "update"}), "flatmate-visit"),
    endpoint("agents/(?P<pk>[0-9]+)/visits", VisitViewSet.as_view({"get": "of_agent"}), "agent-visits"),
    *router.urls,
]
