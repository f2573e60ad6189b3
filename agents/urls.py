from agents.views import AgentViewSet
from ghar.api.routers import Router

router = Router()
router.register("agents", AgentViewSet, basename="agent")
urlpatterns = router.urls
