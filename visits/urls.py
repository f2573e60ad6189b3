"""The routes of visits, and those of listings, agents and conversations that need visits."""

from ghar.api.routers import Router
from visits.api.views.agents import AgentViewSet
from visits.api.views.conversations import MessageViewSet
from visits.api.views.properties import PropertyViewSet
from visits.api.views.visits import VisitViewSet

router = Router()
router.register("visits", VisitViewSet, basename="visit")
router.register("properties", PropertyViewSet, basename="property")
router.register("agents", AgentViewSet, basename="agent")
router.register("flatmates/conversations", MessageViewSet, basename="message")
urlpatterns = router.urls
