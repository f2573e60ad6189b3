"""Agents who leave or take time off, and who shows their visits then.

Each change is one transaction. With `dry_run` the same transaction is undone at its end, so what it returns
is what would happen.
"""

from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from agents import services as agent_services
from agents.models import Agent, Engagement, TimeOff
from agents.signals import agent_changed
from ghar import clock
from ghar.accounts.models import User
from ghar.transactions import RetryTransaction, retrying_atomic
from visits.assignment import assigning
from visits.models import Visit, VisitQuerySet
from visits.scheduling import locks
from visits.scheduling.changes import Why


class Reassignment(TypedDict):
    """One affected visit and who shows it now; a null `to_agent_id` is the queue."""

    visit_id: int
    from_agent_id: int | None
    to_agent_id: int | None


class Absence(NamedTuple):
    """Time off, None for a dry run, and the visits that it affects. `is_new` is false for a repeat."""

    time_off: TimeOff | None
    reassigned: list[Reassignment]
    is_new: bool = True


@retrying_atomic
def take_time_off(
    *, agent: Agent, by: User, from_: datetime, to: datetime, reason: str = "", dry_run: bool = False
) -> Absence:
    """Enter time off; live visits within it go to the best other agent or to the queue.

    The same period again returns the time off that is there, and moves nothing: staff may have given the
    agent a visit in it since. Raises NotAllowed, and Invalid for an impossible period.
    """
    agent_services.check_may_manage(agent, by)
    agent_services.check_period(from_, to)
    same = TimeOff.objects.filter(agent=agent, period=DateTimeTZRange(from_, to))
    if present := same.first():
        return Absence(None if dry_run else present, [], is_new=False)
    affected = _upcoming_visits(agent).during(from_, to)
    visits = _lock_visits(agent, affected)
    # The agent is locked by now: a twin of this request may have been faster.
    if same.exists():
        raise RetryTransaction
    time_off = TimeOff(agent=agent, period=DateTimeTZRange(from_, to), reason=reason)
    time_off.full_clean(exclude=["agent"], validate_constraints=False)
    time_off.save()
    agent_changed.send(Agent, agent=agent, by=by)
    reassigned = _reassign_visits(visits, affected, by, "The agent is away then")
    # A preview is the real change, undone, so that it can't differ from what would happen.
    transaction.set_rollback(dry_run)
    return Absence(None if dry_run else time_off, reassigned)


@retrying_atomic
def update_agent(
    *, agent: Agent, by: User, dry_run: bool = False, is_active: bool | None = None, **changes: Any
) -> tuple[Agent, list[Reassignment]]:
    """Write staff's fields of an agent. With `is_active=False` they leave, and their visits are reassigned.

    Their engagements end then: each seeker gets another agent with the next visit.
    """
    # People are locked before agents, a new login among them.
    agent_services.check_login(agent, changes)
    affected = _upcoming_visits(agent) if is_active is False else Visit.objects.none()
    visits = _lock_visits(agent, affected)
    updated = agent_services.update_agent_profile(agent=agent, by=by, **changes)
    if is_active is not None and updated.is_active != is_active:
        updated.is_active, updated.updated_at = is_active, clock.now()
        updated.save(update_fields=["is_active", "updated_at"])
        if not is_active:
            updated.engagements.open().update(ended_at=clock.now())
            # A trigger has taken the ended engagements off the counter.
            updated.refresh_from_db(fields=["live_users"])
        agent_changed.send(Agent, agent=updated, by=by)
    reassigned = _reassign_visits(visits, affected, by, "The agent has left")
    transaction.set_rollback(dry_run)
    return updated, reassigned


def dismiss(*, agent: Agent, by: User, dry_run: bool = False) -> list[Reassignment]:
    """End an agent's employment; every upcoming live visit of theirs is reassigned."""
    return update_agent(agent=agent, by=by, dry_run=dry_run, is_active=False)[1]


def _upcoming_visits(agent: Agent) -> VisitQuerySet:
    return Visit.objects.live().filter(agent=agent, scheduled_date__gt=clock.now())


def _lock_visits(agent: Agent, affected: VisitQuerySet) -> list[Visit]:
    """Lock the agent and the visits that a change of theirs affects, and return these.

    People and visits are locked before agents. The seekers' own agents are locked too, since they come
    first in the choice.
    """
    people = affected.values("user_id")
    list(User.objects.filter(pk__in=people).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    rows = affected.select_related("property", "user", "agent").order_by("pk")
    visits = list(rows.select_for_update(no_key=True, of=("self",)))
    own_agents = Engagement.objects.open().filter(seeker__in=people).values_list("agent_id", flat=True)
    locks.lock_agents({agent.pk, *own_agents})
    return visits


def _reassign_visits(
    visits: list[Visit], affected: VisitQuerySet, by: User, reason: str
) -> list[Reassignment]:
    """Reassign the locked visits that the change affects, soonest first."""
    # The agent may have got another visit before their row was locked. It can't be locked any more, since
    # visits come before agents: all starts over.
    if set(affected.values_list("pk", flat=True)) != {visit.pk for visit in visits}:
        raise RetryTransaction
    reassigned: list[Reassignment] = []
    for visit in sorted(visits, key=lambda visit: (visit.scheduled_date, visit.pk)):
        from_agent_id = visit.agent_id
        # The agent who will be absent is not passed as the former one: their row and that of the seeker's own
        # agent are locked already, so the choice may skip rows that others hold.
        avoid = [from_agent_id] if from_agent_id else []
        decision = assigning.choose_for_visit(visit, avoid=avoid)
        assigning.set_agent(visit, by, decision, Why(reason), absent=True)
        reassigned.append(
            {"visit_id": visit.pk, "from_agent_id": from_agent_id, "to_agent_id": visit.agent_id}
        )
    return reassigned
