"""Flatmates as JSON. What is shown depends on who reads: each row needs its `for_reading(reader)`."""

from typing import Any

from rest_framework import serializers

from flatmates.models import Message, Swipe, UserBlock, UserConversation, UserMatch
from ghar.accounts.models import User
from ghar.api.fields import IdField, InstantField, StrictSerializer, TextField

LONGEST_MESSAGE = 4_000


class PeerSerializer(serializers.ModelSerializer[User]):
    """What the other one may know of a person."""

    class Meta:
        model = User
        fields = ["id", "full_name", "profile_image_url"]
        read_only_fields = fields


class ContextSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()


class PairSerializer(serializers.ModelSerializer[Any]):
    status = serializers.CharField(source="status_for_reader")
    peer = serializers.SerializerMethodField()
    context_property = ContextSerializer(allow_null=True)

    def get_peer(self, row: Any) -> dict[str, Any]:
        return PeerSerializer(row.peer_of(self.context["request"].user)).data


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


class MessageSerializer(serializers.ModelSerializer[Message]):
    """`visits` puts the visit of an invitation beside it."""

    conversation_id = serializers.IntegerField()
    sender_id = serializers.IntegerField()
    read_at = InstantField(allow_null=True)
    created_at = InstantField()

    class Meta:
        model = Message
        fields = ["id", "conversation_id", "sender_id", "body", "kind", "read_at", "created_at"]
        read_only_fields = fields


class LikeSerializer(serializers.ModelSerializer[Swipe]):
    peer = PeerSerializer(source="user")
    context_property = ContextSerializer(allow_null=True)
    created_at = InstantField(source="updated_at")

    class Meta:
        model = Swipe
        fields = ["id", "action", "peer", "context_property", "created_at"]
        read_only_fields = fields


class BlockSerializer(serializers.ModelSerializer[UserBlock]):
    blocked_user_id = serializers.IntegerField(source="blocked_id")
    created_at = InstantField()

    class Meta:
        model = UserBlock
        fields = ["blocked_user_id", "created_at"]
        read_only_fields = fields


class SwipeInput(StrictSerializer):
    target_user_id = IdField()
    action = serializers.ChoiceField(choices=Swipe.Action.choices)
    context_property_id = IdField(required=False, allow_null=True)


class OutcomeSerializer(serializers.Serializer[Any]):
    did_match = serializers.BooleanField()
    match_id = serializers.IntegerField(allow_null=True)
    conversation_id = serializers.IntegerField(allow_null=True)


class MessageInput(StrictSerializer):
    body = TextField(max_length=LONGEST_MESSAGE)


class BlockInput(StrictSerializer):
    blocked_user_id = IdField()
