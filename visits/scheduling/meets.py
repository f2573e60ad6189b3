"""The rules of a meet: whom one can meet, and where.

A block and an id of nobody answer like no match: nobody learns of a block, or of who exists. Only a person's
match is told that their account is closed.
"""

from dataclasses import asdict, dataclass

from django.utils.translation import gettext as _

from flatmates import services as flatmate_services
from flatmates.errors import NoActiveMatch
from flatmates.models import UserBlock, UserConversation, UserMatch
from ghar.accounts.models import User
from ghar.errors import Invalid
from visits.models import Visit


@dataclass(frozen=True)
class MeetRequest:
    """The counterparty of a meet, and the match and conversation that a client may name along with them.

    The names are fields of the API.
    """

    counterparty_user_id: int | None = None
    conversation_id: int | None = None
    match_id: int | None = None


def set_counterparty(visit: Visit, request: MeetRequest) -> None:
    """Put the counterparty on a meet. `validate_pair` judges whether the two may meet, under their locks."""
    if visit.is_tour():
        if named := [name for name, id_ in asdict(request).items() if id_]:
            raise Invalid(**dict.fromkeys(named, _("Only a flatmate_meet takes this.")))
        return
    if request.counterparty_user_id is None:
        raise Invalid(counterparty_user_id=_("counterparty_user_id is required."))
    if request.counterparty_user_id == visit.user_id:
        raise Invalid(counterparty_user_id=_("You can't schedule a meet with yourself."))
    visit.counterparty_user = User.objects.filter(pk=request.counterparty_user_id).first()
    if visit.counterparty_user is None:
        raise _no_match()
    visit.awaiting = Visit.Awaiting.COUNTERPARTY


def validate_pair(visit: Visit, request: MeetRequest) -> None:
    """Check that the two may meet there, and put their match and conversation on the visit.

    Both are found whether the request names them or not; a wrong name is refused.
    """
    user, other = visit.user, visit.counterparty_user
    assert other is not None
    match = UserMatch.objects.of_pair(user.pk, other.pk).active().first()
    if match is None or UserBlock.objects.between(user.pk, other.pk).exists():
        raise _no_match()
    if not other.is_active:
        raise Invalid(counterparty_user_id=_("This person is no longer available to meet."))
    if request.match_id not in (None, match.pk):
        raise Invalid(match_id=_("This is not the match of these two people."))
    conversation = UserConversation.objects.of_pair(user.pk, other.pk).active().first()
    if request.conversation_id not in (None, conversation and conversation.pk):
        raise Invalid(conversation_id=_("This is not an active conversation of these two people."))
    visit.match, visit.conversation = match, conversation
    contexts = {row.context_property_id for row in (match, conversation) if row}
    if visit.property.owner_id not in visit.people() and visit.property_id not in contexts:
        raise Invalid(property_id=_("Meet at a listing of one of you, or at the one you matched over."))


def post_invitation(visit: Visit) -> None:
    """Post the invitation into the pair's conversation; it shows the visit's status when it is read."""
    if visit.conversation_id:
        flatmate_services.post_visit_invitation(
            conversation_id=visit.conversation_id, sender=visit.user, visit_id=visit.pk
        )


def _no_match() -> NoActiveMatch:
    return NoActiveMatch(_("Only two people who match can meet. Like each other first."))
