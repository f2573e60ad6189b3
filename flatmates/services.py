"""Every change of swipes, matches, conversations, messages and blocks: the only writer.

Whatever concerns a pair happens under the lock of both people, the smaller id first; what concerns the
messages of a conversation under the lock of its row, so that their ids are in the order of their commits.
"""

from dataclasses import dataclass
from typing import Any

from flatmates import events
from flatmates.errors import NoActiveMatch
from flatmates.models import Message, Swipe, UserBlock, UserConversation, UserMatch
from flatmates.pairs import canonical_pair, listings_seen_by
from flatmates.signals import match_ended
from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid, NotFound
from ghar.transactions import retrying_atomic

INVITATION = "Shall we meet there?"


@dataclass(frozen=True)
class Outcome:
    """What a swipe led to."""

    did_match: bool
    match_id: int | None = None
    conversation_id: int | None = None


@retrying_atomic
def swipe(*, by: User, target_user_id: int, action: str, context_property_id: int | None = None) -> Outcome:
    """Pass or like somebody; the same again changes nothing. Only `unmatch` ends a match."""
    if target_user_id == by.pk:
        raise Invalid(target_user_id="You cannot swipe yourself.")
    _check_context(by, context_property_id)
    target = _lock_people(by.pk, target_user_id).get(target_user_id)
    if target is None or not target.is_active or UserBlock.objects.between(by.pk, target.pk).exists():
        raise Invalid(target_user_id="There is nobody with this id whom you could swipe.")
    mine = _write_swipe(by, target, action, context_property_id)
    return Outcome(did_match=False) if action == Swipe.Action.PASS else _match(mine)


@retrying_atomic
def unmatch(*, match: UserMatch, by: User) -> None:
    """Part; both must like again to match again. Who have parted already stay so."""
    _lock_people(*match.people())
    if UserMatch.objects.active().filter(pk=match.pk).exists():
        _end_match(match.people(), by, UserMatch.Status.UNMATCHED, UserConversation.Status.CLOSED)


@retrying_atomic
def block(*, by: User, blocked_user_id: int) -> tuple[UserBlock, bool]:
    """Keep somebody away, a match included; who is blocked already gives the existing block and False."""
    if blocked_user_id == by.pk:
        raise Invalid(blocked_user_id="You cannot block yourself.")
    if blocked_user_id not in _lock_people(by.pk, blocked_user_id):
        raise Invalid(blocked_user_id="There is no such user.")
    made, is_new = UserBlock.objects.get_or_create(blocker=by, blocked_id=blocked_user_id)
    if is_new:
        pair = canonical_pair(by.pk, blocked_user_id)
        _end_match(pair, by, UserMatch.Status.BLOCKED, UserConversation.Status.BLOCKED)
    return made, is_new


@retrying_atomic
def unblock(*, by: User, blocked_user_id: int) -> None:
    """Lift one's own block. It revives nothing: whoever wants to match likes again."""
    _lock_people(by.pk, blocked_user_id)
    lifted, _ = UserBlock.objects.filter(blocker=by, blocked=blocked_user_id).delete()
    if not lifted:
        raise NotFound("You do not block this person.")
    if not UserBlock.objects.between(by.pk, blocked_user_id).exists():
        for model in (UserMatch, UserConversation):
            blocked = model.objects.of_pair(by.pk, blocked_user_id).filter(status="blocked")
            blocked.update(status=model.ENDED_STATUS, updated_at=clock.now())


@retrying_atomic
def send_message(*, conversation: UserConversation, by: User, body: str) -> Message:
    conversation = _locked(conversation.pk)
    if conversation.status != UserConversation.Status.ACTIVE:
        raise NoActiveMatch("This conversation is over; you can write again when you match again.")
    return _add_message(conversation, by, body=body)


def post_visit_invitation(*, conversation_id: int, sender: User, visit_id: int) -> Message:
    """The invitation to a visit, in the transaction that makes the visit."""
    kind = Message.Kind.VISIT_REQUEST
    return _add_message(_locked(conversation_id), sender, body=INVITATION, kind=kind, visit_id=visit_id)


@retrying_atomic
def mark_read(*, conversation: UserConversation, by: User) -> None:
    """Whatever the other one has written until now."""
    _locked(conversation.pk)
    Message.objects.filter(conversation=conversation).unread_by(by).update(read_at=clock.now())


# What the functions above share. They run inside a transaction and under its locks.


def _lock_people(*ids: int) -> dict[int, User]:
    people = User.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    return {person.pk: person for person in people}


def _locked(conversation_id: int) -> UserConversation:
    conversation = UserConversation.objects.select_for_update(no_key=True).filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFound("This conversation is gone: deleted in the meantime.")
    return conversation


def _check_context(user: User, property_id: int | None) -> None:
    if property_id is not None and not listings_seen_by(user).filter(pk=property_id).exists():
        raise Invalid(context_property_id="There is no such listing.")


def _write_swipe(by: User, target: User, action: str, context_id: int | None) -> Swipe:
    """A context that is not named again stays."""
    mine = Swipe.objects.filter(user=by, target=target).first() or Swipe(user=by, target=target)
    context_id = context_id or mine.context_property_id
    if mine._state.adding or (mine.action, mine.context_property_id) != (action, context_id):
        mine.action, mine.context_property_id, mine.updated_at = action, context_id, clock.now()
        mine.save()
    return mine


def _match(mine: Swipe) -> Outcome:
    """What a like comes to: the match that there is, whatever the other one has swiped since; else the match
    of two likes with its conversation, new or revived.
    """
    pair = canonical_pair(mine.user_id, mine.target_id)
    match = UserMatch.objects.of_pair(*pair).active().first()
    if match:
        conversation = UserConversation.objects.of_pair(*pair).first()
        _complete_context(pair, match.context_property_id or mine.context_property_id)
        return Outcome(True, match.pk, conversation and conversation.pk)
    theirs = Swipe.objects.likes().filter(user=mine.target_id, target=mine.user_id).first()
    if theirs is None:
        return Outcome(did_match=False)
    context_id = mine.context_property_id or theirs.context_property_id
    match = _open(UserMatch, pair, context_id, created_at=clock.now())
    conversation = _open(UserConversation, pair, context_id)
    events.publish_new_match(match, conversation)
    return Outcome(True, match.pk, conversation.pk)


def _complete_context(pair: tuple[int, int], context_id: int | None) -> None:
    """Who matched over no listing in particular do so over the one that either names later."""
    if context_id is None:
        return
    for model in (UserMatch, UserConversation):
        without = model.objects.of_pair(*pair).filter(context_property=None)
        without.update(context_property=context_id, updated_at=clock.now())


def _open(model: Any, pair: tuple[int, int], context_id: int | None, **values: Any) -> Any:
    """The pair's row, active; who meet again go on with the row they had."""
    values |= {"status": model.Status.ACTIVE, "context_property_id": context_id, "updated_at": clock.now()}
    row, _ = model.objects.update_or_create(user_one_id=pair[0], user_two_id=pair[1], defaults=values)
    return row


def _end_match(pair: tuple[int, int], by: User, match_status: str, conversation_status: str) -> None:
    """The likes go too; whoever listens to pair_parted winds up what the two have planned."""
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
