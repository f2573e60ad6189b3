"""Visits, and the routes of listings, agents and conversations as visits refines them."""

from ghar.api.routers import Router
from visits.views import ListingViewSet, VisitConversationViewSet, VisitingAgentViewSet, VisitViewSet

router = Router()
router.register("visits", VisitViewSet, basename="visit")
router.register("properties", ListingViewSet, basename="property")
router.register("agents", VisitingAgentViewSet, basename="agent")
router.register("flatmates/conversations", VisitConversationViewSet, basename="conversation")
urlpatterns = router.urls
