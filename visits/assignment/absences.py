"""Agents who leave or take time off, and who shows their visits then.

Each of these is one transaction, and with `dry_run` the same one, undone: what it tells is what would happen.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypedDict, TypeVar

from django.db import transaction

from agents import services as agent_services
from agents.models import Agent, Engagement, TimeOff
from ghar import clock
from ghar.accounts.models import User
from ghar.transactions import RetryTransaction, retrying_atomic
from visits.assignment import assigning
from visits.models import Visit, VisitQuerySet
from visits.scheduling import locks

T = TypeVar("T")


class Reassignment(TypedDict):
    """One visit that was stranded, and who shows it now: null is the queue."""

    visit_id: int
    from_agent_id: int | None
    to_agent_id: int | None


@retrying_atomic
def take_time_off(
    *, agent: Agent, by: User, from_: datetime, to: datetime, reason: str = "", dry_run: bool = False
) -> tuple[TimeOff | None, list[Reassignment]]:
    """Time off for the agent; his live visits in it go to the best other agent or to the queue."""

    def enter() -> TimeOff:
        return agent_services.add_time_off(agent=agent, by=by, from_=from_, to=to, reason=reason)

    stranded = _upcoming_visits(agent).during(from_, to)
    time_off, moved = _reassign_visits(stranded, by, "The agent is away then", enter)
    transaction.set_rollback(dry_run)
    return None if dry_run else time_off, moved


@retrying_atomic
def update_agent(
    *, agent: Agent, by: User, dry_run: bool = False, **changes: Any
) -> tuple[Agent, list[Reassignment]]:
    """Write staff's fields of an agent; who is no longer employed hands his visits over."""

    def write() -> Agent:
        return agent_services.update_agent(agent=agent, by=by, **changes)

    leaves = changes.get("is_active") is False
    stranded = _upcoming_visits(agent) if leaves else Visit.objects.none()
    written, moved = _reassign_visits(stranded, by, "The agent has left", write)
    transaction.set_rollback(dry_run)
    return written, moved


def dismiss(*, agent: Agent, by: User, dry_run: bool = False) -> list[Reassignment]:
    """The agent is no longer employed; every live visit ahead of him is handed over."""
    _, moved = update_agent(agent=agent, by=by, dry_run=dry_run, is_active=False)
    return moved


def _upcoming_visits(agent: Agent) -> VisitQuerySet:
    return Visit.objects.live().filter(agent=agent, scheduled_date__gt=clock.now())


def _reassign_visits(
    stranded: VisitQuerySet, by: User, reason: str, change: Callable[[], T]
) -> tuple[T, list[Reassignment]]:
    """Change the agent, then give away what strands him, soonest first.

    People and visits are locked before agents, the seekers' own among these: they come first in the choice.
    A visit that he got meanwhile starts it all over.
    """
    people = stranded.values("user_id")
    list(User.objects.filter(pk__in=people).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    rows = stranded.select_related("property", "user", "agent").order_by("pk")
    visits = list(rows.select_for_update(no_key=True, of=("self",)))
    own_agents = Engagement.objects.open().filter(seeker__in=people).values_list("agent_id", flat=True)
    locks.lock_agents({*own_agents, *(visit.agent_id for visit in visits)})
    changed = change()
    if set(stranded.values_list("pk", flat=True)) != {visit.pk for visit in visits}:
        raise RetryTransaction
    visits.sort(key=lambda visit: (visit.scheduled_date, visit.pk))
    return changed, [_reassign_visit(visit, by, reason) for visit in visits]


def _reassign_visit(visit: Visit, by: User, reason: str) -> Reassignment:
    from_agent_id = visit.agent_id
    assigning.reassign(visit, by, reason)
    return {"visit_id": visit.pk, "from_agent_id": from_agent_id, "to_agent_id": visit.agent_id}
