"""The routes of images. Those of the listings themselves are in `visits.urls`."""

from ghar.api.routers import Router
from properties.views import PropertyImageViewSet

router = Router()
router.register("properties", PropertyImageViewSet, basename="property-image")
urlpatterns = router.urls
