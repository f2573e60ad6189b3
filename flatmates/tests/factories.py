"""People who like each other. Matches are made by the services."""

from flatmates import services
from flatmates.models import UserConversation, UserMatch


def like(user, target, context=None):
    context_id = context.pk if context else None
    return services.swipe(by=user, target_user_id=target.pk, action="like", context_property_id=context_id)


def match(one, two, context=None) -> tuple[UserMatch, UserConversation]:
    like(one, two, context)
    outcome = like(two, one)
    assert outcome.did_match
    return (
        UserMatch.objects.get(pk=outcome.match_id),
        UserConversation.objects.get(pk=outcome.conversation_id),
    )
