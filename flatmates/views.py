"""The routes below /flatmates. Whoever is not one of the two finds nothing, staff included."""

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from flatmates import serializers, services
from flatmates.models import Message, Swipe, UserConversation, UserMatch
from ghar.accounts.models import User
from ghar.api.fields import StrictSerializer
from ghar.errors import NotFound
from ghar.validators import MAX_ID


class Swipes(APIView):
    def post(self, request: Request) -> Response:
        outcome = services.swipe(by=reader(request), **valid(serializers.SwipeInput, request))
        return Response(serializers.OutcomeSerializer(outcome).data)


class LikeViewSet(ListModelMixin, GenericViewSet[Swipe]):
    """Likes that wait for an answer."""

    serializer_class = serializers.LikeSerializer

    def get_queryset(self) -> QuerySet[Swipe]:
        me = reader(self.request)
        return Swipe.objects.unanswered_by(me).for_reading(me).order_by("-updated_at", "-id")


class MatchViewSet(ListModelMixin, GenericViewSet[UserMatch]):
    serializer_class = serializers.MatchSerializer
    lookup_value_regex = "[0-9]+"

    def get_queryset(self) -> QuerySet[UserMatch]:
        me = reader(self.request)
        matches = UserMatch.objects.for_user(me).for_reading(me).order_by("-created_at", "-id")
        return matches.active() if self.action == "list" else matches

    @action(detail=True, methods=["post"])
    def unmatch(self, request: Request, pk: str) -> Response:
        match = self.get_object()
        valid(StrictSerializer, request)
        services.unmatch(match=match, by=reader(request))
        return Response(self.get_serializer(self.get_object()).data)


class ConversationViewSet(ListModelMixin, RetrieveModelMixin, GenericViewSet[UserConversation]):
    """`visits` subclasses it: how a message is shown is in `shown` alone."""

    serializer_class = serializers.ConversationSerializer
    lookup_value_regex = "[0-9]+"

    def get_queryset(self) -> QuerySet[UserConversation]:
        me = reader(self.request)
        conversations = UserConversation.objects.for_user(me).for_reading(me).order_by("-updated_at", "-id")
        return conversations.ongoing() if self.action == "list" else conversations

    @action(detail=True)
    def messages(self, request: Request, pk: str) -> Response:
        messages: Any = self.get_object().messages.order_by("id")
        page: Any = self.paginate_queryset(messages)
        return self.get_paginated_response(self.shown(page))

    @messages.mapping.post
    def send(self, request: Request, pk: str) -> Response:
        conversation = self.get_object()
        given = valid(serializers.MessageInput, request)
        message = services.send_message(conversation=conversation, by=reader(request), **given)
        return Response(self.shown([message])[0], status=201)

    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        conversation = self.get_object()
        valid(StrictSerializer, request)
        services.mark_read(conversation=conversation, by=reader(request))
        return Response(self.get_serializer(self.get_object()).data)

    def shown(self, messages: Sequence[Message]) -> Any:
        return serializers.MessageSerializer(messages, many=True).data


class Blocks(APIView):
    def post(self, request: Request) -> Response:
        made, is_new = services.block(by=reader(request), **valid(serializers.BlockInput, request))
        return Response(serializers.BlockSerializer(made).data, status=201 if is_new else 200)


class Block(APIView):
    def delete(self, request: Request, user_id: str) -> Response:
        if int(user_id) > MAX_ID:
            raise NotFound("You haven't blocked this person.")
        services.unblock(by=reader(request), blocked_user_id=int(user_id))
        return Response(status=204)


def reader(request: Request) -> User:
    """Who asks; the permissions let nobody in who isn't logged in."""
    return cast(User, request.user)


def valid(serializer: type[Any], request: Request) -> dict[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return given.validated_data
