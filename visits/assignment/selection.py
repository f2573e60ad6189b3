"""Whom to choose for a visit, and how his row is locked for it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

from agents.models import Agent, serves
from ghar import clock
from ghar.transactions import after_commit
from visits.assignment import fairness
from visits.assignment.ranking import (
    COMPUTED_PARTS,
    RANK_PARTS,
    Preferences,
    rank_expressions,
    ranked,
    ranking_key,
)
from visits.models import Visit, VisitEvent
from visits.scheduling.eligibility import (
    REASONS,
    Requirements,
    eligible,
    ineligibility_reasons,
    matching_calendar,
    matching_profile,
    with_eligibility,
)
from visits.scheduling.locks import lock_agents

# How many of those who would have come before or after the chosen one a decision tells of.
EXPLAINED_RIVALS = 4
MAX_EXAMINED = 100

# The key needs only agents' rows and sorts those of the city; the costly calendar is judged one by one, in
# that order, until somebody passes. LATERAL and OFFSET 0 are what keeps the order.
BEST_SQL = """
WITH best AS MATERIALIZED ({ranked} LIMIT %s)
SELECT agent.*, {key}, ARRAY(SELECT id FROM best LIMIT %s) AS nearest
FROM best CROSS JOIN LATERAL ({agent} OFFSET 0) AS agent LIMIT 1
"""
# To sort only the first few is enough, but for hours at which hardly anybody works.
FIRST_BATCH = 32


@dataclass(frozen=True)
class Decision:
    """Who was chosen, by which key, and what kept the others from it; or what nobody was found for."""

    agent: Agent | None
    key: dict[str, Any] = field(default_factory=dict)
    others: list[dict[str, Any]] = field(default_factory=list)
    unmet: Requirements | None = None


def choose_agent(
    *,
    requirements: Requirements,
    preferences: Preferences,
    avoid: Collection[int] = (),
    leaving: int | None = None,
) -> Decision:
    """The best eligible agent, his row locked until the transaction ends; nobody when none is eligible.

    First whoever is not being looked at by somebody else; then a second pass waits for the rest, so
    that nobody stays unassigned while someone is eligible. `leaving` is the agent who loses the visit:
    the two rows are locked in one go, lower id first, which only a pass that waits can do.
    """
    agent = _current_agent(requirements, preferences, avoid, leaving)
    if agent is None and leaving is None:
        agent = _first_unlocked(requirements, preferences, avoid)
    if agent is None:
        agent = _wait_for_best(requirements, preferences, avoid, leaving)
    if agent is None:
        return Decision(None, unmet=requirements)
    _count_choice(agent, requirements, preferences, avoid)
    return Decision(agent, ranking_key(agent), _rivals(agent, requirements, preferences))


def previously_unassigned(visit: Visit) -> set[int]:
    """Agents whom staff took off this visit: never chosen for it automatically again, at whatever time."""
    if visit._state.adding:
        return set()
    events = visit.events.filter(change=VisitEvent.Change.UNASSIGNED).exclude(data__has_key="absent")
    return set(events.values_list("data__from_agent_id", flat=True))


def lock_if_eligible(agent_id: int, requirements: Requirements, leaving: int | None = None) -> bool:
    """Lock the agent for good if he can take the visit; otherwise let go of him.

    First his row, waiting, then a new statement: it sees what was committed meanwhile.
    """
    with transaction.atomic():
        lock_agents({agent_id, leaving})
        fits = _still_eligible(agent_id, requirements)
        transaction.set_rollback(not fits)
    return fits


def reasons_nobody_eligible(requirements: Requirements) -> list[str]:
    """Why nobody can take the visit: what those agents of the city lack who lack anything.

    Of many agents the first ASKED tell enough, and nobody waits for the rest to be judged.
    """
    there = Agent.objects.filter(serves(requirements.city) if requirements.city else Q(), is_active=True)
    lacking = [
        ineligibility_reasons(agent)
        for agent in with_eligibility(there, requirements).order_by("pk")[:MAX_EXAMINED]
    ]
    found = {reason for missing in lacking for reason in missing}
    return [reason for reason in REASONS if reason in found] if lacking else ["city"]


def mark_assigned(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(last_assigned_at=clock.now())


def _current_agent(
    requirements: Requirements, preferences: Preferences, avoid: Collection[int], leaving: int | None
) -> Any:
    current = preferences.current_agent_id
    if current is None or current in avoid or not lock_if_eligible(current, requirements, leaving):
        return None
    agent: Any = ranked(Agent.objects.filter(pk=current), preferences).get()
    agent.nearest = []
    return agent


def _first_unlocked(requirements: Requirements, preferences: Preferences, avoid: Collection[int]) -> Any:
    stale = set(avoid)
    while True:
        with transaction.atomic():
            agent = _find_best(requirements, preferences, stale, skip_locked=True)
            if agent is None or _still_eligible(agent.pk, requirements):
                return agent
            stale.add(agent.pk)
            transaction.set_rollback(True)  # lets go of his lock


def _wait_for_best(
    requirements: Requirements, preferences: Preferences, avoid: Collection[int], leaving: int | None
) -> Any:
    lost = set(avoid)
    while agent := _find_best(requirements, preferences, lost):
        if lock_if_eligible(agent.pk, requirements, leaving):
            return agent
        lost.add(agent.pk)
    return None


def _find_best(
    requirements: Requirements, preferences: Preferences, avoid: Collection[int], *, skip_locked: bool = False
) -> Any:
    """The first in order who passes; with `skip_locked` he gets locked, and the locked are passed over."""
    # Whoever was not among the first is looked for among all.
    found = (
        _first_passing(limit, requirements, preferences, avoid, skip_locked) for limit in (FIRST_BATCH, None)
    )
    return next(filter(None, found), None)


def _first_passing(
    limit: int | None,
    requirements: Requirements,
    preferences: Preferences,
    avoid: Collection[int],
    skip_locked: bool,
) -> Any:
    order = ranked(_pool(avoid, requirements), preferences).values("id", *COMPUTED_PARTS)
    agent = matching_calendar(Agent.objects.filter(pk=RawSQL("best.id", ())), requirements).order_by()
    if skip_locked:
        agent = agent.select_for_update(skip_locked=True, no_key=True, of=("self",))
    order_sql, order_params = order.query.sql_with_params()
    agent_sql, agent_params = agent.query.sql_with_params()
    key = ", ".join(f"best.{name}" for name in COMPUTED_PARTS)
    sql = BEST_SQL.format(key=key, ranked=order_sql, agent=agent_sql)
    params = [*order_params, limit, EXPLAINED_RIVALS + 1, *agent_params]
    return next(iter(Agent.objects.raw(sql, params)), None)


def _pool(avoid: Collection[int], requirements: Requirements) -> "models.QuerySet[Agent]":
    return matching_profile(
        Agent.objects.exclude(pk__in=avoid) if avoid else Agent.objects.all(), requirements
    )


def _still_eligible(agent_id: int, requirements: Requirements) -> bool:
    return eligible(Agent.objects.filter(pk=agent_id), requirements).exists()


def _count_choice(
    agent: Any, requirements: Requirements, preferences: Preferences, avoid: Collection[int]
) -> None:
    """Let the choice count towards fair shares. Whoever is the seeker's agent already has no rivals."""
    if not agent.not_current:
        return
    same = {name: vars(agent)[name] for name in RANK_PARTS}
    pool = _pool(avoid, requirements).annotate(**rank_expressions(preferences)).filter(**same)
    Agent.objects.filter(pk=agent.pk).update(times_chosen=F("times_chosen") + 1)
    after_commit(fairness.count_choice, agent.pk, pool, requirements)


def _rivals(agent: Any, requirements: Requirements, preferences: Preferences) -> list[dict[str, Any]]:
    """The best by their key but the chosen one, and what kept each from being chosen."""
    nearest = [id_ for id_ in agent.nearest if id_ != agent.pk][:EXPLAINED_RIVALS]
    if not nearest:
        return []
    return [
        {
            "agent_id": other.pk,
            "name": other.name,
            "reasons": ineligibility_reasons(other),
            "key": ranking_key(other),
        }
        for other in with_eligibility(ranked(Agent.objects.filter(pk__in=nearest), preferences), requirements)
    ]
