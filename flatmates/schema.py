"""OpenAPI descriptions of the routes of flatmates. Those of messages are in `visits.api.schema`."""

from drf_spectacular.utils import extend_schema_field, extend_schema_view

from flatmates import serializers, views
from ghar.accounts.serializers import PersonSerializer
from ghar.api.fields import EmptySerializer
from ghar.api.openapi import operation, request_example

MARK_READ = operation(
    "Mark all messages as read", request=EmptySerializer, responses=serializers.ConversationSerializer
)
LIKE = {"target_user_id": 9, "action": "like", "context_property_id": 3}

extend_schema_field(PersonSerializer)(serializers.PairSerializer.get_peer)


extend_schema_view(
    post=operation(
        "Pass or like a person",
        description="When two people like each other, they match and get a conversation.",
        request=serializers.SwipeInputSerializer,
        responses={200: serializers.SwipeOutcomeSerializer},
        examples=[request_example("A like", LIKE)],
    )
)(views.SwipeView)
extend_schema_view(list=operation("List likes", description="Likes of you that you have not answered."))(
    views.LikeViewSet
)
extend_schema_view(
    list=operation("List your matches"),
    unmatch=operation(
        "Unmatch",
        description="Ends the conversation and cancels the planned meets of the two.",
        request=EmptySerializer,
        responses=serializers.MatchSerializer,
    ),
)(views.MatchViewSet)
extend_schema_view(
    list=operation("List your conversations", description="Without those that have ended."),
    retrieve=operation("Get a conversation"),
    read=MARK_READ,
    mark_read=MARK_READ,
)(views.ConversationViewSet)
extend_schema_view(
    list=operation("List the people whom you block", description="The latest block first."),
    create=operation(
        "Block a person",
        description="To them it looks like an unmatch. Returns 200 if they were blocked already.",
        request=serializers.BlockInputSerializer,
        responses={201: serializers.BlockSerializer, 200: serializers.BlockSerializer},
        examples=[request_example("A block", {"blocked_user_id": 9})],
    ),
    destroy=operation("Unblock a person", description="Does not restore the match.", responses={204: None}),
)(views.BlockViewSet)
