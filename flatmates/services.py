"""All changes of swipes, matches, conversations, messages and blocks.

A change to a pair locks both people, the smaller id first. A new message locks its conversation, so that the
ids of a conversation's messages are in the order of their commits.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from flatmates import events
from flatmates.errors import NoActiveMatch
from flatmates.models import Message, Swipe, UserBlock, UserConversation, UserMatch
from flatmates.pairs import ACTIVE, BLOCKED, PairT, canonical_pair, visible_listings
from flatmates.signals import match_ended
from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid, NotFound
from ghar.transactions import retrying_atomic


@dataclass(frozen=True)
class SwipeResult:
    """Whether two people match after a swipe, and the ids of their match and conversation if so."""

    did_match: bool
    match_id: int | None = None
    conversation_id: int | None = None


@retrying_atomic
def swipe(
    *, by: User, target_user_id: int, action: str, context_property_id: int | None = None
) -> SwipeResult:
    """Pass or like a person, and match the two when they like each other.

    The same swipe again changes nothing, and a listing that is not named again stays. A pass does not end a
    match: only `unmatch` does. A swipe on nobody, on a closed account or across a block is answered like one
    that is not liked back, and leaves nothing: ids don't tell who exists, and nobody learns of a block.
    Raises Invalid.
    """
    if target_user_id == by.pk:
        raise Invalid(target_user_id=_("You can't swipe on yourself."))
    if context_property_id is not None and not visible_listings(by).filter(pk=context_property_id).exists():
        raise Invalid(context_property_id=_("There is no listing with this id."))
    target = _lock_people(by.pk, target_user_id).get(target_user_id)
    if target is None or not target.is_active or UserBlock.objects.between(by.pk, target.pk).exists():
        return SwipeResult(did_match=False)
    own = Swipe.objects.filter(user=by, target=target).first() or Swipe(user=by, target=target)
    context_id = context_property_id or own.context_property_id
    if own.pk is None or (own.action, own.context_property_id) != (action, context_id):
        own.action, own.context_property_id, own.updated_at = action, context_id, clock.now()
        own.save()
    return SwipeResult(did_match=False) if action == Swipe.Action.PASS else _match(own)


@retrying_atomic
def unmatch(*, match: UserMatch, by: User) -> None:
    """End a match; both have to like again to match again. A match that has ended stays as it is."""
    _lock_people(*match.people())
    if UserMatch.objects.active().filter(pk=match.pk).exists():
        _end_match(match.people(), by, UserMatch.Status.UNMATCHED, UserConversation.Status.CLOSED)


@retrying_atomic
def block(*, by: User, blocked_user_id: int) -> tuple[UserBlock, bool]:
    """Block a person, which ends a match with them. Return the block, and whether it is new.

    Raises Invalid.
    """
    if blocked_user_id == by.pk:
        raise Invalid(blocked_user_id=_("You can't block yourself."))
    if blocked_user_id not in _lock_people(by.pk, blocked_user_id):
        raise Invalid(blocked_user_id=_("There is no user with this id."))
    user_block, is_new = UserBlock.objects.get_or_create(blocker=by, blocked_id=blocked_user_id)
    if is_new:
        _end_match(canonical_pair(by.pk, blocked_user_id), by, BLOCKED, BLOCKED)
    return user_block, is_new


@retrying_atomic
def unblock(*, by: User, blocked_user_id: int) -> None:
    """Remove one's own block. The match stays ended until both like again. Raises NotFound."""
    _lock_people(by.pk, blocked_user_id)
    deleted = UserBlock.objects.filter(blocker=by, blocked=blocked_user_id).delete()[0]
    if not deleted:
        raise NotFound(_("You haven't blocked this person."))
    if not UserBlock.objects.between(by.pk, blocked_user_id).exists():
        # The other person doesn't block back: to both, the pair is now one that has ended.
        pair, now = canonical_pair(by.pk, blocked_user_id), clock.now()
        match = UserMatch.objects.of_pair(*pair).filter(status=BLOCKED)
        match.update(status=UserMatch.ENDED_STATUS, updated_at=now)
        conversation = UserConversation.objects.of_pair(*pair).filter(status=BLOCKED)
        conversation.update(status=UserConversation.ENDED_STATUS, updated_at=now)


@retrying_atomic
def send_message(*, conversation: UserConversation, by: User, body: str) -> Message:
    """Write to the other person. Raises NoActiveMatch and NotFound."""
    conversation = _lock_conversation(conversation.pk)
    if conversation.status != UserConversation.Status.ACTIVE:
        raise NoActiveMatch(_("This conversation has ended. You can write again once you match again."))
    return _add_message(conversation, by, body=body)


def post_visit_invitation(*, conversation_id: int, sender: User, visit_id: int) -> Message:
    """Post the invitation to a visit, in the transaction that creates the visit. Raises NotFound."""
    return _add_message(
        _lock_conversation(conversation_id),
        sender,
        body=_("Shall we meet there?"),
        kind=Message.Kind.VISIT_REQUEST,
        visit_id=visit_id,
    )


@retrying_atomic
def mark_read(*, conversation: UserConversation, by: User) -> None:
    """Mark all messages of the other person as read. Raises NotFound."""
    _lock_conversation(conversation.pk)
    Message.objects.filter(conversation=conversation).unread_by(by).update(read_at=clock.now())


# The functions below are shared by those above. They run inside a transaction and under its locks.


def _lock_people(*ids: int) -> dict[int, User]:
    people = User.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    return {person.pk: person for person in people}


def _lock_conversation(conversation_id: int) -> UserConversation:
    locked = UserConversation.objects.select_for_update(no_key=True).filter(pk=conversation_id).first()
    if locked is None:
        raise NotFound(_("This conversation no longer exists."))
    return locked


def _match(own: Swipe) -> SwipeResult:
    """Return what a like leads to: the active match, or a new match if the other person likes back."""
    pair, now = canonical_pair(own.user_id, own.target_id), clock.now()
    matches, conversations = UserMatch.objects.of_pair(*pair), UserConversation.objects.of_pair(*pair)
    if match := matches.active().first():
        # The match may have been made without a listing: then the first one that either names is its context.
        if context_id := match.context_property_id or own.context_property_id:
            for rows in (matches, conversations):
                rows.filter(context_property=None).update(context_property=context_id, updated_at=now)
        conversation = conversations.first()
        return SwipeResult(True, match.pk, conversation.pk if conversation else None)
    like = Swipe.objects.likes().filter(user=own.target_id, target=own.user_id).first()
    if like is None:
        return SwipeResult(did_match=False)
    context_id = own.context_property_id or like.context_property_id
    match = _open_or_reopen(UserMatch, pair, context_id, created_at=now)
    conversation = _open_or_reopen(UserConversation, pair, context_id)
    events.publish_new_match(match, conversation)
    return SwipeResult(True, match.pk, conversation.pk)


def _open_or_reopen(
    model: type[PairT], pair: tuple[int, int], context_id: int | None, **values: Any
) -> PairT:
    """Return the row of the pair, made active: a new one, or the one they had before their match ended."""
    values |= {"status": ACTIVE, "context_property_id": context_id, "updated_at": clock.now()}
    one, two = pair
    return model._default_manager.update_or_create(user_one_id=one, user_two_id=two, defaults=values)[0]


def _end_match(pair: tuple[int, int], by: User, match_status: str, conversation_status: str) -> None:
    """Delete the swipes of the pair and end their match and conversation, if any.

    The receivers of `match_ended` clean up after it: visits cancels the planned meets.
    """
    now = clock.now()
    Swipe.objects.between(*pair).delete()
    UserMatch.objects.of_pair(*pair).update(status=match_status, updated_at=now)
    UserConversation.objects.of_pair(*pair).update(status=conversation_status, updated_at=now)
    match_ended.send(sender=UserMatch, pair=pair, by=by)


def _add_message(conversation: UserConversation, sender: User, **values: Any) -> Message:
    now = clock.now()
    message = Message.objects.create(conversation=conversation, sender=sender, created_at=now, **values)
    conversation.last_message_at = conversation.updated_at = now
    conversation.save(update_fields=["last_message_at", "updated_at"])
    events.publish_new_message(message, conversation)
    return message
