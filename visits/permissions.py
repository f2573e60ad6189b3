"""Who may do what to a visit: one place for every face."""

from enum import Enum, auto
from typing import TYPE_CHECKING

from agents.models import Agent
from ghar.errors import NotAllowed
from ghar.staff import has_staff_perm
from visits.models import Visit

VIEW_VISIT = "visits.view_visit"
CHANGE_VISIT = "visits.change_visit"
ASSIGN_AGENT = "visits.assign_agent"

if TYPE_CHECKING:
    from ghar.accounts.models import User


class Role(Enum):
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
    "visitor_feedback": PARTICIPANTS,
    "interest_level": PARTICIPANTS,
    "visit_notes": AGENCY,
    "follow_up_required": AGENCY,
    "follow_up_date": AGENCY,
}


def is_agency(user: "User") -> bool:
    """Staff who may view visits, or an employed agent."""
    return has_staff_perm(user, "visits.view_visit") or _is_agent(user)


def _is_agent(user: "User") -> bool:
    return Agent.objects.filter(user=user, is_active=True).exists()


def check_staff(user: "User") -> None:
    if not has_staff_perm(user, "visits.view_visit"):
        raise NotAllowed("This is for staff who may view visits.")


def roles(user: "User", visit: Visit, permission: str = "visits.change_visit") -> set[Role]:
    """What `user` is to the visit; staff only with the permission for the act."""
    agent = visit.agent
    held = {
        Role.VISITOR: visit.user_id == user.pk,
        Role.COUNTERPARTY: visit.counterparty_user_id == user.pk,
        Role.AGENT: agent is not None and agent.is_active and agent.user_id == user.pk,
        Role.STAFF: has_staff_perm(user, permission),
        Role.OWNER: visit.property.owner_id == user.pk,
    }
    return {role for role, holds in held.items() if holds}


def check_role(user: "User", visit: Visit, allowed: frozenset[Role], act: str) -> None:
    if not roles(user, visit) & allowed:
        raise NotAllowed(f"You may not {act} this visit.")


def check_may_confirm(user: "User", visit: Visit) -> None:
    """Whoever is awaited may confirm, and staff always."""
    if visit.awaiting and not roles(user, visit) & MAY_CONFIRM[Visit.Awaiting(visit.awaiting)]:
        raise NotAllowed(f"This visit waits for the {visit.awaiting} to confirm it.")


def check_may_complete(user: "User", visit: Visit) -> None:
    allowed = AGENCY if visit.is_tour() else PARTICIPANTS | {Role.STAFF}
    check_role(user, visit, frozenset(allowed), "complete")


def check_may_edit(user: "User", visit: Visit, names: set[str]) -> None:
    held = roles(user, visit)
    foreign = sorted(name for name in names if not held & MAY_EDIT[name])
    if foreign:
        raise NotAllowed(f"You may not write {', '.join(foreign)} of this visit.")


def can_see_notes(user: "User", visit: Visit) -> bool:
    return bool(roles(user, visit, "visits.view_visit") & AGENCY)


def can_see_decisions(user: "User", visit: Visit) -> bool:
    """Why this agent and not another tells of others' absence and load, as the candidates do: for staff."""
    return Role.STAFF in roles(user, visit, "visits.view_visit")


def can_see_agent_number(user: "User", visit: Visit) -> bool:
    """Everybody concerned; not the listing's owner, who only learns that somebody comes."""
    return bool(roles(user, visit, "visits.view_visit") & ACTORS)
