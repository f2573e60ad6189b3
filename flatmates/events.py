"""What others hear of matches and messages. Called by the services, in their transaction."""

from flatmates.models import Message, UserConversation, UserMatch
from ghar.events import publish, user_channel


def publish_new_match(match: UserMatch, conversation: UserConversation) -> None:
    """Each hears of the other."""
    one, two = match.people()
    for person, peer in ((one, two), (two, one)):
        data = {"match_id": match.pk, "peer_user_id": peer, "conversation_id": conversation.pk}
        publish([user_channel(person)], "new_match", data)


def publish_new_message(message: Message, conversation: UserConversation) -> None:
    """Both hear of it: the sender may have other devices."""
    data = {"conversation_id": conversation.pk, "message_id": message.pk, "sender_id": message.sender_id}
    publish(map(user_channel, conversation.people()), "new_message", data)
