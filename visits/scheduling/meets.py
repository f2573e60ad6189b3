"""The rules of a meet: whom one may meet, and where.

A block answers like no match, so that nobody learns of it.
"""

from dataclasses import asdict, dataclass

from flatmates import services as flatmate_services
from flatmates.errors import NoActiveMatch
from flatmates.models import UserBlock, UserConversation, UserMatch
from ghar.accounts.models import User
from ghar.errors import Invalid
from visits.models import Visit

NOBODY = "There is nobody with this id whom you could meet."


@dataclass(frozen=True)
class MeetRequest:
    """Whom one wants to meet, and what of theirs is named along with it; names are fields of the API."""

    counterparty_user_id: int | None = None
    conversation_id: int | None = None
    match_id: int | None = None


def set_counterparty(visit: Visit, named: MeetRequest) -> None:
    """Put the counterparty on a meet. Whether the two may meet is judged by `settle`, under their locks."""
    if visit.is_tour():
        if foreign := {
            name: "Only a flatmate_meet takes this." for name, id_ in asdict(named).items() if id_
        }:
            raise Invalid(**foreign)
        return
    if named.counterparty_user_id is None:
        raise Invalid(counterparty_user_id="Say whom to meet.")
    if named.counterparty_user_id == visit.user_id:
        raise Invalid(counterparty_user_id="One cannot meet oneself.")
    visit.counterparty_user = User.objects.filter(pk=named.counterparty_user_id).first()
    if visit.counterparty_user is None:
        raise Invalid(counterparty_user_id=NOBODY)
    visit.awaiting = Visit.Awaiting.COUNTERPARTY


def validate_pair(visit: Visit, named: MeetRequest) -> None:
    """Judge the pair, and put their match and conversation on the visit, whether named or not."""
    user, other = visit.user, visit.counterparty_user
    assert other is not None
    if not other.is_active:
        raise Invalid(counterparty_user_id=NOBODY)
    match = UserMatch.objects.of_pair(user.pk, other.pk).active().first()
    if match is None or UserBlock.objects.between(user.pk, other.pk).exists():
        raise NoActiveMatch("Only two who match can meet: like each other first.")
    if named.match_id not in (None, match.pk):
        raise Invalid(match_id="This is not the match of these two.")
    conversation = UserConversation.objects.of_pair(user.pk, other.pk).active().first()
    if named.conversation_id not in (None, conversation and conversation.pk):
        raise Invalid(conversation_id="This is not an active conversation of these two.")
    visit.match, visit.conversation = match, conversation
    _check_property(visit)


def _check_property(visit: Visit) -> None:
    contexts = {row.context_property_id for row in (visit.match, visit.conversation) if row}
    if visit.property.owner_id not in visit.people() and visit.property_id not in contexts:
        raise Invalid(property_id="Meet at a listing of one of you, or at the one that you matched over.")


def post_invitation(visit: Visit) -> None:
    """Leave the invitation in the conversation. How the visit stands is read from it when it is shown."""
    if visit.conversation_id:
        flatmate_services.post_visit_invitation(
            conversation_id=visit.conversation_id, sender=visit.user, visit_id=visit.pk
        )
