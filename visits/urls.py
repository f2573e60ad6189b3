"""Visits, and the routes of listings, agents and conversations as visits refines them."""

from ghar.api.routers import Router
from visits.api.views import AgentViewSet, ConversationViewSet, PropertyViewSet, VisitViewSet

router = Router()
router.register("visits", VisitViewSet, basename="visit")
router.register("properties", PropertyViewSet, basename="property")
router.register("agents", AgentViewSet, basename="agent")
router.register("flatmates/conversations", ConversationViewSet, basename="conversation")
urlpatterns = router.urls
