"""The rules of who may do what to a visit: one place for every face.

`can_*` tells, `check_*` raises NotAllowed. Which visits a person sees at all is `VisitQuerySet.visible_to`.
"""

from enum import Enum, auto

from django.utils.translation import gettext as _

from agents.models import Agent
from ghar.accounts.models import User
from ghar.errors import NotAllowed, NotFound
from ghar.staff import has_staff_perm
from visits.models import ASSIGN_AGENT as ASSIGN_AGENT
from visits.models import CHANGE_VISIT as CHANGE_VISIT
from visits.models import VIEW_VISIT as VIEW_VISIT
from visits.models import Visit, VisitFeedback


class Role(Enum):
    """A person's part in one visit; they may have several."""

    VISITOR = auto()
    COUNTERPARTY = auto()
    AGENT = auto()
    STAFF = auto()
    OWNER = auto()


PARTICIPANTS = frozenset({Role.VISITOR, Role.COUNTERPARTY})
AGENCY = frozenset({Role.AGENT, Role.STAFF})
ACTORS = PARTICIPANTS | AGENCY
MAY_CONFIRM = {
    Visit.Awaiting.AGENCY: AGENCY,
    Visit.Awaiting.VISITOR: frozenset({Role.VISITOR, Role.STAFF}),
    Visit.Awaiting.COUNTERPARTY: frozenset({Role.COUNTERPARTY, Role.STAFF}),
}
MAY_EDIT = {
    "special_requirements": PARTICIPANTS,
    "time_slot_label": ACTORS,
    "visitor_feedback": PARTICIPANTS,
    "interest_level": PARTICIPANTS,
    "visit_notes": AGENCY,
    "follow_up_required": AGENCY,
    "follow_up_date": AGENCY,
    "note": AGENCY,
}


def is_agency(user: User) -> bool:
    """Tell whether the user is staff who may view visits, or an employed agent."""
    return has_staff_perm(user, VIEW_VISIT) or Agent.objects.filter(user_id=user.pk, is_active=True).exists()


def check_staff(user: User) -> None:
    if not has_staff_perm(user, VIEW_VISIT):
        raise NotAllowed(_("Only staff who may view visits can see this."))


def check_may_assign(user: User) -> None:
    if not has_staff_perm(user, ASSIGN_AGENT):
        raise NotAllowed(
            _("You need the permission %(permission)s to assign agents.") % {"permission": ASSIGN_AGENT}
        )


def check_may_book_for(by: User, user: User | None) -> None:
    if user != by and not has_staff_perm(by, CHANGE_VISIT):
        raise NotAllowed(_("Only staff can book for somebody else."))


def roles(user: User, visit: Visit, permission: str = CHANGE_VISIT) -> set[Role]:
    """Return what `user` is to the visit; STAFF only with the permission for the act."""
    agent = visit.agent
    held = {
        Role.VISITOR: visit.user_id == user.pk,
        Role.COUNTERPARTY: visit.counterparty_user_id == user.pk,
        Role.AGENT: agent is not None and agent.is_active and agent.user_id == user.pk,
        Role.STAFF: has_staff_perm(user, permission),
        Role.OWNER: visit.property.owner_id == user.pk,
    }
    return {role for role, holds in held.items() if holds}


def check_role(user: User, visit: Visit, allowed: frozenset[Role], message: str) -> None:
    if not roles(user, visit) & allowed:
        raise NotAllowed(message)


def check_may_act(user: User, visit: Visit, message: str) -> None:
    """Participants, the agent and staff confirm, move and cancel; the listing's owner only watches."""
    check_role(user, visit, ACTORS, message)


def check_may_confirm(user: User, visit: Visit, awaiting: str | None) -> None:
    """Only the side that is or was awaited confirms, and staff always."""
    if awaiting and not roles(user, visit) & MAY_CONFIRM[Visit.Awaiting(awaiting)]:
        side = str(Visit.Awaiting(awaiting).label).lower()
        raise NotAllowed(_("This visit waits for the %(side)s to confirm it.") % {"side": side})


def check_may_complete(user: User, visit: Visit) -> None:
    """A tour is completed by its agent or staff, a meet by a participant or staff."""
    allowed = AGENCY if visit.is_tour() else PARTICIPANTS | {Role.STAFF}
    check_role(user, visit, frozenset(allowed), _("You don't have permission to complete this visit."))


def check_may_name_agent(user: User, visit: Visit) -> None:
    message = _("Only staff can say that another agent showed this visit.")
    check_role(user, visit, frozenset({Role.STAFF}), message)


def check_may_edit(user: User, visit: Visit, names: set[str]) -> None:
    held = roles(user, visit)
    denied = sorted(name for name in names if not held & MAY_EDIT[name])
    if denied:
        raise NotAllowed(_("You don't have permission to edit %(fields)s.") % {"fields": ", ".join(denied)})


def can_read(user: User, visit: Visit) -> bool:
    """Tell whether the user is one whom the visit concerns.

    All others who see it, such as the listing's owner, learn that, when and by whom their listing is shown.
    """
    return bool(roles(user, visit, VIEW_VISIT) & ACTORS)


def check_may_read_history(user: User, visit: Visit) -> None:
    if not can_read(user, visit):
        raise NotFound(_("This visit's history is not yours to read."))


def can_see_notes(user: User, visit: Visit) -> bool:
    return bool(roles(user, visit, VIEW_VISIT) & AGENCY)


def readable_feedback(user: User, visit: Visit) -> list[VisitFeedback]:
    """Return the rows from which the user reads the feedback of the visit, the one that counts most first.

    Participants read their own. To the agency the visitor's counts, and where it says nothing what the
    agency heard, the latest first. Nobody else reads any. Uses what `for_reading()` has fetched.
    """
    rows = list(visit.feedback.all())
    if user.pk in visit.people():
        return [row for row in rows if row.author_id == user.pk]
    if not can_see_notes(user, visit):
        return []
    visitors = [row for row in rows if row.author_id == visit.user_id]
    return [*visitors, *(row for row in reversed(rows) if row.author_id not in visit.people())]


def acts_for_agency(actor: User | None, visit: Visit) -> bool:
    """Tell whether the actor of a change is neither a participant nor the listing's owner.

    Owners act only by withdrawing their listing; those who are staff act as staff.
    """
    if actor is None or actor.pk in visit.people():
        return False
    return actor.is_staff or actor.pk != visit.property.owner_id


def can_see_decisions(user: User, visit: Visit) -> bool:
    """Only staff see why one agent was chosen over others: that tells of the others' absence and load."""
    return Role.STAFF in roles(user, visit, VIEW_VISIT)
