"""What the OpenAPI document says of the routes of flatmates; of messages visits does."""

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_view

from flatmates import serializers, views
from ghar.api.openapi import EmptySerializer, operation

LIKE = {"target_user_id": 9, "action": "like", "context_property_id": 3}

extend_schema_field(serializers.PeerSerializer)(serializers.PairSerializer.get_peer)


def example(name: str, value: object) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


extend_schema_view(
    post=operation(
        "Pass or like somebody",
        description="Two who like each other match: both get a conversation.",
        request=serializers.SwipeInput,
        responses={200: serializers.OutcomeSerializer},
        examples=[example("A like", LIKE)],
    )
)(views.Swipes)
extend_schema_view(list=operation("Who likes you", description="Likes that wait for your answer."))(
    views.LikeViewSet
)
extend_schema_view(
    list=operation("Your matches"),
    unmatch=operation(
        "Part",
        description="The conversation is over and the pair's meets are cancelled.",
        request=EmptySerializer,
        responses=serializers.MatchSerializer,
    ),
)(views.MatchViewSet)
extend_schema_view(
    list=operation("Your conversations", description="Those that are not over."),
    retrieve=operation("One conversation"),
    read=operation("Mark all as read", request=EmptySerializer, responses=serializers.ConversationSerializer),
)(views.ConversationViewSet)
extend_schema_view(
    post=operation(
        "Block somebody",
        description="To him it looks as if you had parted. 200 when he was blocked already.",
        request=serializers.BlockInput,
        responses={201: serializers.BlockSerializer, 200: serializers.BlockSerializer},
        examples=[example("A block", {"blocked_user_id": 9})],
    )
)(views.Blocks)
extend_schema_view(
    delete=operation("Unblock somebody", description="It revives nothing.", responses={204: None})
)(views.Block)
