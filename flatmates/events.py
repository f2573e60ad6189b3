"""The live events of matches and messages. The services publish them in their own transactions."""

from flatmates.models import Message, UserConversation, UserMatch
from ghar.events import publish, user_channel


def publish_new_match(match: UserMatch, conversation: UserConversation) -> None:
    """Publish to each of the two that they match the other."""
    one, two = match.people()
    for person, peer in ((one, two), (two, one)):
        data = {"match_id": match.pk, "peer_user_id": peer, "conversation_id": conversation.pk}
        publish([user_channel(person)], "new_match", data)


def publish_new_message(message: Message, conversation: UserConversation) -> None:
    """Publish a message to both, without its text. The sender gets it too: they may have other devices."""
    data = {"conversation_id": conversation.pk, "message_id": message.pk, "sender_id": message.sender_id}
    publish(map(user_channel, conversation.people()), "new_message", data)
