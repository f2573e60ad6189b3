"""The routes of flatmates. Those of messages are in `visits.urls`."""

from django.urls import URLPattern, URLResolver

from flatmates import views
from ghar.api.routers import Router, endpoint

router = Router()
router.register("flatmates/matches", views.MatchViewSet, basename="match")
router.register("flatmates/likes", views.LikeViewSet, basename="like")
router.register("flatmates/blocks", views.BlockViewSet, basename="block")
router.register("flatmates/conversations", views.ConversationViewSet, basename="conversation")

urlpatterns: list[URLPattern | URLResolver] = [
    endpoint("flatmates/swipes", views.SwipeView.as_view(), "swipes"),
    *router.urls,
]
