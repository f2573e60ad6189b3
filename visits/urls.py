"""Visits, and the routes of listings and agents as visits refines them."""

from ghar.api.routers import Router
from visits.views import ListingViewSet, VisitingAgentViewSet, VisitViewSet

router = Router()
router.register("visits", VisitViewSet, basename="visit")
router.register("properties", ListingViewSet, basename="property")
router.register("agents", VisitingAgentViewSet, basename="agent")
urlpatterns = router.urls
