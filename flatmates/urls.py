"""The routes of flatmates but those of conversations, which visits refines and brings."""

from django.urls import URLPattern, URLResolver

from flatmates import views
from ghar.api.routers import Router, endpoint

router = Router()
router.register("flatmates/matches", views.MatchViewSet, basename="match")
router.register("flatmates/likes", views.LikeViewSet, basename="like")

urlpatterns: list[URLPattern | URLResolver] = [
    endpoint("flatmates/swipes", views.Swipes.as_view(), "swipes"),
    endpoint("flatmates/blocks", views.Blocks.as_view(), "blocks"),
    endpoint(r"flatmates/blocks/(?P<user_id>[0-9]{1,19})", views.Block.as_view(), "block"),
    *router.urls,
]
