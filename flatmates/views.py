"""The routes below /flatmates, apart from messages: they show the status of a visit, so visits has them.

Only the two people of a match or conversation can see it. All others get 404, staff included.
"""

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from flatmates import serializers, services
from flatmates.models import Swipe, UserBlock, UserConversation, UserMatch
from ghar.api.fields import EmptySerializer
from ghar.api.views import ApiView, ApiViewSet
from ghar.validators import MAX_ID


class SwipeView(ApiView):
    def post(self, request: Request) -> Response:
        outcome = services.swipe(by=self.user, **self.validated(serializers.SwipeInputSerializer))
        return Response(serializers.SwipeOutcomeSerializer(outcome).data)


class LikeViewSet(ListModelMixin, ApiViewSet[Swipe]):
    """Likes that the current user has not answered."""

    serializer_class = serializers.LikeSerializer
    resource = "likes"

    def get_queryset(self) -> QuerySet[Swipe]:
        likes = Swipe.objects.unanswered_by(self.user).for_reading(self.user)
        return likes.order_by("-updated_at", "-id")


class MatchViewSet(ListModelMixin, ApiViewSet[UserMatch]):
    serializer_class = serializers.MatchSerializer
    resource = "matches"

    def get_queryset(self) -> QuerySet[UserMatch]:
        matches = UserMatch.objects.for_user(self.user).for_reading(self.user).order_by("-created_at", "-id")
        return matches.active() if self.action == "list" else matches

    @action(detail=True, methods=["post", "put"])
    def unmatch(self, request: Request, pk: str) -> Response:
        match = self.get_object()
        self.validated(EmptySerializer)
        services.unmatch(match=match, by=self.user)
        return self.respond_fresh(match)


class ConversationViewSet(ListModelMixin, RetrieveModelMixin, ApiViewSet[UserConversation]):
    serializer_class = serializers.ConversationSerializer
    resource = "conversations"

    def get_queryset(self) -> QuerySet[UserConversation]:
        conversations = UserConversation.objects.for_user(self.user).for_reading(self.user)
        conversations = conversations.order_by("-updated_at", "-id")
        return conversations.ongoing() if self.action == "list" else conversations

    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        return self.mark_all_read()

    @action(detail=True, methods=["post"], url_path="mark-read")
    def mark_read(self, request: Request, pk: str) -> Response:
        return self.mark_all_read()

    def mark_all_read(self) -> Response:
        conversation = self.get_object()
        self.validated(EmptySerializer)
        services.mark_read(conversation=conversation, by=self.user)
        return self.respond_fresh(conversation)


class BlockViewSet(ListModelMixin, ApiViewSet[UserBlock]):
    """The people whom the current user blocks. A block is named by the id of the person."""

    serializer_class = serializers.BlockSerializer
    resource = "blocks"
    lookup_url_kwarg = "user_id"
    lookup_value_regex = "[0-9]{1,19}"

    def get_queryset(self) -> QuerySet[UserBlock]:
        blocks = UserBlock.objects.filter(blocker=self.user).select_related("blocked")
        return blocks.order_by("-created_at", "-id")

    def create(self, request: Request) -> Response:
        block, is_new = services.block(by=self.user, **self.validated(serializers.BlockInputSerializer))
        return self.respond(block, status=201 if is_new else 200)

    def destroy(self, request: Request, user_id: str) -> Response:
        # The URL admits 19 digits, and the database fewer ids.
        if int(user_id) > MAX_ID:
            raise Http404
        services.unblock(by=self.user, blocked_user_id=int(user_id))
        return Response(status=204)
