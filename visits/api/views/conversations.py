from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from flatmates import services
from flatmates.models import Message, UserConversation
from flatmates.serializers import MessageInputSerializer
from ghar.api.query import returns_page
from ghar.api.views import ApiViewSet
from visits.api.serializers import MessageSerializer
from visits.models import Visit


class MessageViewSet(ApiViewSet[UserConversation]):
    """The messages of a conversation. An invitation shows the current status of its visit."""

    def get_queryset(self) -> QuerySet[UserConversation]:
        return UserConversation.objects.for_user(self.user)

    @action(detail=True)
    @returns_page("messages")
    def messages(self, request: Request, pk: str) -> Response:
        messages: Any = self.get_object().messages.order_by("id")
        page: Any = self.paginate_queryset(messages)  # typed as rows of the model of the viewset
        return self.get_paginated_response(self.messages_json(page))

    @messages.mapping.post
    def send(self, request: Request, pk: str) -> Response:
        conversation = self.get_object()
        message = services.send_message(
            conversation=conversation, by=self.user, **self.validated(MessageInputSerializer)
        )
        return Response(self.messages_json([message])[0], status=201)

    def messages_json(self, messages: Sequence[Message]) -> Any:
        visits = Visit.objects.in_bulk({message.visit_id for message in messages if message.visit_id})
        # A message knows only the id of its visit. The serializer reads the visit from the instance.
        for message in messages:
            vars(message)["visit"] = visits.get(message.visit_id) if message.visit_id else None
        return MessageSerializer(messages, many=True).data
