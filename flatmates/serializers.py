"""Flatmates as JSON. What a row shows depends on the reader: the queryset needs `for_reading(reader)`."""

from typing import Any

from rest_framework import serializers

from flatmates.models import Swipe, UserBlock, UserConversation, UserMatch
from ghar.accounts.serializers import PersonSerializer
from ghar.api.fields import IdField, InstantField, StrictSerializer, TextField

MAX_MESSAGE_LENGTH = 4_000


class ContextSerializer(serializers.Serializer[Any]):
    """The listing over which two people match."""

    id = serializers.IntegerField()
    title = serializers.CharField()


class PairSerializer(serializers.ModelSerializer[Any]):
    """The fields that a match and a conversation share."""

    status = serializers.CharField(source="status_for_reader")
    peer = serializers.SerializerMethodField()
    context_property = ContextSerializer(allow_null=True)

    def get_peer(self, row: Any) -> dict[str, Any]:
        return PersonSerializer(row.peer_of(self.context["request"].user)).data


class MatchSerializer(PairSerializer):
    conversation_id = serializers.IntegerField(allow_null=True)
    created_at = InstantField()

    class Meta:
        model = UserMatch
        fields = ["id", "status", "peer", "context_property", "conversation_id", "created_at"]
        read_only_fields = fields


class ConversationSerializer(PairSerializer):
    last_message_preview = serializers.CharField(allow_null=True)
    last_message_at = InstantField(allow_null=True)
    unread_count = serializers.IntegerField()

    class Meta:
        model = UserConversation
        fields = [
            "id",
            "status",
            "peer",
            "context_property",
            "last_message_preview",
            "last_message_at",
            "unread_count",
        ]
        read_only_fields = fields


class LikeSerializer(serializers.ModelSerializer[Swipe]):
    peer = PersonSerializer(source="user")
    context_property = ContextSerializer(allow_null=True)
    created_at = InstantField(source="updated_at")

    class Meta:
        model = Swipe
        fields = ["id", "action", "peer", "context_property", "created_at"]
        read_only_fields = fields


class BlockSerializer(serializers.ModelSerializer[UserBlock]):
    blocked_user_id = serializers.IntegerField(source="blocked_id")
    peer = PersonSerializer(source="blocked")
    created_at = InstantField()

    class Meta:
        model = UserBlock
        fields = ["blocked_user_id", "peer", "created_at"]
        read_only_fields = fields


class SwipeInputSerializer(StrictSerializer):
    ignores_unknown = True
    # Nobody swipes for somebody else.
    response_fields = ("user_id", "did_match", "match_id", "conversation_id")

    target_user_id = IdField()
    action = serializers.ChoiceField(choices=Swipe.Action.choices)
    context_property_id = IdField(required=False, allow_null=True)


class SwipeOutcomeSerializer(serializers.Serializer[Any]):
    did_match = serializers.BooleanField()
    match_id = serializers.IntegerField(allow_null=True)
    conversation_id = serializers.IntegerField(allow_null=True)


class MessageInputSerializer(StrictSerializer):
    ignores_unknown = True
    response_fields = (
        "id",
        "conversation_id",
        "sender_id",
        "kind",
        "visit",
        "visit_id",
        "read_at",
        "created_at",
    )

    body = TextField(max_length=MAX_MESSAGE_LENGTH)


class BlockInputSerializer(StrictSerializer):
    ignores_unknown = True
    response_fields = ("peer", "created_at")

    blocked_user_id = IdField()
