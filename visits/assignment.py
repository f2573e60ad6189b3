"""Whom to choose for a visit, and how his row is locked for it."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

from agents.models import Agent, serves
from ghar import clock
from ghar.transactions import after_commit
from visits import fairness, words
from visits.availability import REASONS, Wanted, eligible, in_calendar, in_standing, judged, lacks
from visits.models import Visit, VisitEvent
from visits.ranking import COMPUTED, RANKS, USUAL_CAPACITY, Taste, key_of, ranked, ranks

# How many of those who would have come before or after the chosen one a decision tells of.
TOLD = 4
ASKED = 100

# The key needs only agents' rows and sorts those of the city; the costly calendar is judged one by one, in
# that order, until somebody passes. LATERAL and OFFSET 0 are what keeps the order.
BEST = """
WITH best AS MATERIALIZED ({ranked} LIMIT %s)
SELECT agent.*, {key}, ARRAY(SELECT id FROM best LIMIT %s) AS nearest
FROM best CROSS JOIN LATERAL ({agent} OFFSET 0) AS agent LIMIT 1
"""
# To sort only the first few is enough, but for hours at which hardly anybody works.
FIRST = 32


@dataclass(frozen=True)
class Decision:
    """Who was chosen, by which key, and what kept the others from it; or what nobody was found for."""

    agent: Agent | None
    key: dict[str, Any] = field(default_factory=dict)
    others: list[dict[str, Any]] = field(default_factory=list)
    in_vain: Wanted | None = None


@dataclass(frozen=True)
class Candidate:
    """An agent as staff see him while they choose: `rank` counts from 1, the eligible ones first.

    Who was taken off the visit is never proposed, eligible or not.
    """

    agent: Agent
    eligible: bool
    proposed: bool
    reasons: list[str]
    load: float
    rank: int
    explanation: str


def candidates(visit: Visit) -> list[Candidate]:
    """Every active agent, in the order in which he would be chosen for a tour."""
    off = taken_off(visit)
    found = [_candidate(agent, lacks(agent), agent.pk in off) for agent in _by_their_key(visit)]
    found.sort(key=lambda each: (not each.eligible, not each.proposed))
    return [replace(each, rank=rank) for rank, each in enumerate(found, 1)]


def _by_their_key(visit: Visit) -> list[Any]:
    """Whoever does not serve the city comes last; what he does at the hour does not matter."""
    wanted, there = Wanted.by(visit), serves(visit.property.city)
    employed = ranked(Agent.objects.filter(is_active=True), Taste.by(visit))
    elsewhere = judged(employed.exclude(there), replace(wanted, start=None, end=None))
    return [*judged(employed.filter(there), wanted), *elsewhere]


def _candidate(agent: Any, missing: list[str], taken_off: bool) -> Candidate:
    return Candidate(
        agent=agent,
        eligible=not missing,
        proposed=not missing and not taken_off,
        reasons=missing,
        load=round(agent.live_visits / (agent.capacity or USUAL_CAPACITY), 2),
        rank=0,
        explanation=words.of_candidate(missing, key_of(agent), taken_off),
    )


def choose(
    *, wanted: Wanted, taste: Taste, avoid: Collection[int] = (), leaving: int | None = None
) -> Decision:
    """The best eligible agent, his row locked until the transaction ends; nobody when none is eligible.

    First whoever is not being looked at by somebody else; then a second pass waits for the rest, so
    that nobody stays unassigned while someone is eligible. `leaving` is the agent who loses the visit:
    the two rows are locked in one go, lower id first, which only a pass that waits can do.
    """
    agent = _current(wanted, taste, avoid, leaving)
    if agent is None and leaving is None:
        agent = _first_unlocked(wanted, taste, avoid)
    if agent is None:
        agent = _wait_for_best(wanted, taste, avoid, leaving)
    if agent is None:
        return Decision(None, in_vain=wanted)
    _count(agent, wanted, taste, avoid)
    return Decision(agent, key_of(agent), _others(agent, wanted, taste))


def taken_off(visit: Visit) -> set[int]:
    """Agents whom staff took off this visit: never chosen for it automatically again, at whatever time."""
    if visit._state.adding:
        return set()
    events = visit.events.filter(change=VisitEvent.Change.UNASSIGNED).exclude(data__has_key="absent")
    return set(events.values_list("data__from_agent_id", flat=True))


def hold(agent_ids: Collection[int | None]) -> None:
    """Lock agents, waiting, in the order of their ids."""
    ids = [id_ for id_ in agent_ids if id_]
    list(Agent.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def hold_if_eligible(agent_id: int, wanted: Wanted, leaving: int | None = None) -> bool:
    """Lock the agent for good if he can take the visit; otherwise let go of him.

    First his row, waiting, then a new statement: it sees what was committed meanwhile.
    """
    with transaction.atomic():
        hold({agent_id, leaving})
        fits = _still_eligible(agent_id, wanted)
        transaction.set_rollback(not fits)
    return fits


def obstacles(wanted: Wanted) -> list[str]:
    """Why nobody can take the visit: what those agents of the city lack who lack anything.

    Of many agents the first ASKED tell enough, and nobody waits for the rest to be judged.
    """
    there = Agent.objects.filter(serves(wanted.city) if wanted.city else Q(), is_active=True)
    lacking = [lacks(agent) for agent in judged(there, wanted).order_by("pk")[:ASKED]]
    found = {reason for missing in lacking for reason in missing}
    return [reason for reason in REASONS if reason in found] if lacking else ["city"]


def mark_assigned(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(last_assigned_at=clock.now())


def _current(wanted: Wanted, taste: Taste, avoid: Collection[int], leaving: int | None) -> Any:
    current = taste.current_agent_id
    if current is None or current in avoid or not hold_if_eligible(current, wanted, leaving):
        return None
    agent: Any = ranked(Agent.objects.filter(pk=current), taste).get()
    agent.nearest = []
    return agent


def _first_unlocked(wanted: Wanted, taste: Taste, avoid: Collection[int]) -> Any:
    stale = set(avoid)
    while True:
        with transaction.atomic():
            agent = _best(wanted, taste, stale, skip_locked=True)
            if agent is None or _still_eligible(agent.pk, wanted):
                return agent
            stale.add(agent.pk)
            transaction.set_rollback(True)  # lets go of his lock


def _wait_for_best(wanted: Wanted, taste: Taste, avoid: Collection[int], leaving: int | None) -> Any:
    lost = set(avoid)
    while agent := _best(wanted, taste, lost):
        if hold_if_eligible(agent.pk, wanted, leaving):
            return agent
        lost.add(agent.pk)
    return None


def _best(wanted: Wanted, taste: Taste, avoid: Collection[int], *, skip_locked: bool = False) -> Any:
    """The first in order who passes; with `skip_locked` he gets locked, and the locked are passed over."""
    # Whoever was not among the first is looked for among all.
    found = (_first_of(limit, wanted, taste, avoid, skip_locked) for limit in (FIRST, None))
    return next(filter(None, found), None)


def _first_of(
    limit: int | None, wanted: Wanted, taste: Taste, avoid: Collection[int], skip_locked: bool
) -> Any:
    order = ranked(_others_than(avoid, wanted), taste).values("id", *COMPUTED)
    agent = in_calendar(Agent.objects.filter(pk=RawSQL("best.id", ())), wanted).order_by()
    if skip_locked:
        agent = agent.select_for_update(skip_locked=True, no_key=True, of=("self",))
    order_sql, order_params = order.query.sql_with_params()
    agent_sql, agent_params = agent.query.sql_with_params()
    key = ", ".join(f"best.{name}" for name in COMPUTED)
    sql = BEST.format(key=key, ranked=order_sql, agent=agent_sql)
    params = [*order_params, limit, TOLD + 1, *agent_params]
    return next(iter(Agent.objects.raw(sql, params)), None)


def _others_than(avoid: Collection[int], wanted: Wanted) -> "models.QuerySet[Agent]":
    return in_standing(Agent.objects.exclude(pk__in=avoid) if avoid else Agent.objects.all(), wanted)


def _still_eligible(agent_id: int, wanted: Wanted) -> bool:
    return eligible(Agent.objects.filter(pk=agent_id), wanted).exists()


def _count(agent: Any, wanted: Wanted, taste: Taste, avoid: Collection[int]) -> None:
    """Let the choice count towards fair shares. Whoever is the seeker's agent already has no rivals."""
    if not agent.not_current:
        return
    same = {name: vars(agent)[name] for name in RANKS}
    pool = _others_than(avoid, wanted).annotate(**ranks(taste)).filter(**same)
    Agent.objects.filter(pk=agent.pk).update(assignments_won=F("assignments_won") + 1)
    after_commit(fairness.count, agent.pk, pool, wanted)


def _others(agent: Any, wanted: Wanted, taste: Taste) -> list[dict[str, Any]]:
    """The best by their key but the chosen one, and what kept each from being chosen."""
    nearest = [id_ for id_ in agent.nearest if id_ != agent.pk][:TOLD]
    if not nearest:
        return []
    return [
        {"agent_id": other.pk, "name": other.name, "reasons": lacks(other), "key": key_of(other)}
        for other in judged(ranked(Agent.objects.filter(pk__in=nearest), taste), wanted)
    ]
