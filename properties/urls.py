from ghar.api.routers import Router
from properties.views import PropertyViewSet

router = Router()
router.register("properties", PropertyViewSet, basename="property")
urlpatterns = router.urls
