from ghar.api.routers import Router
from visits.views import VisitViewSet

router = Router()
router.register("visits", VisitViewSet, basename="visit")
urlpatterns = router.urls
