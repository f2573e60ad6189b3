"""The automatic choice of an agent: found in the order of the key, locked, and judged again by then."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

from agents.models import Agent, AgentQuerySet, serves
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
from visits.scheduling import locks
from visits.scheduling.eligibility import (
    REASONS,
    Requirements,
    eligible,
    ineligibility_reasons,
    matching_calendar,
    matching_profile,
    with_eligibility,
)

# The agents beside the chosen one in the order of the key whom a decision explains.
EXPLAINED_RIVALS = 4
# When nobody is eligible, so many agents of the city tell what stands in the way.
MAX_EXAMINED = 100

# The key needs only agents' rows and sorts those of the city; the costly calendar is judged one by one, in
# that order, until somebody passes. LATERAL and OFFSET 0 are what keeps the order. Paged ORM queries do the
# same in several round trips: this is 1 ms less for each choice (`make bench`).
BEST_SQL = """
WITH best AS MATERIALIZED ({ranked} LIMIT %s)
SELECT agent.*, {key}, ARRAY(SELECT id FROM best LIMIT %s) AS nearest
FROM best CROSS JOIN LATERAL ({agent} OFFSET 0) AS agent LIMIT 1
"""
# To sort only the first few is enough, except at hours at which hardly anybody works.
FIRST_BATCH = 32


@dataclass(frozen=True)
class AgentSearch:
    """Everything by which an agent is chosen, read once for a change.

    Agents whose ids are in `avoid` are never chosen. `former_id` is the agent who loses the visit: the two
    rows are locked together, lower id first.
    """

    requirements: Requirements
    preferences: Preferences
    avoid: frozenset[int] = frozenset()
    former_id: int | None = None

    def candidates(self) -> AgentQuerySet:
        """Return the agents for whom only the calendar can stand in the way."""
        agents = Agent.objects.exclude(pk__in=self.avoid) if self.avoid else Agent.objects.all()
        return matching_profile(agents, self.requirements)

    def is_eligible(self, agent_id: int) -> bool:
        return eligible(Agent.objects.filter(pk=agent_id), self.requirements).exists()


@dataclass(frozen=True)
class Decision:
    """A chosen agent, or None.

    An automatic choice has the `search` it came from; a choice by the key has the winner's `key` and
    `others`, the nearest rivals with what kept each from being chosen.
    """

    agent: Agent | None
    search: AgentSearch | None = None
    key: dict[str, Any] = field(default_factory=dict)
    others: list[dict[str, Any]] = field(default_factory=list)


def choose_agent(search: AgentSearch) -> Decision:
    """Choose the best eligible agent and lock their row until the transaction ends; nobody when none is.

    The first pass skips agents whose rows others hold, so that writers don't queue for the same agent. A
    second pass waits for them: nobody stays unassigned while somebody is eligible. A search with a former
    agent has only the second, since two rows can be locked in their order only by waiting.
    """
    current = search.preferences.current_agent_id
    # The seeker's own agent comes first in the order: where they can take it, nobody else is looked at.
    if current is not None and current not in search.avoid and lock_if_eligible(current, search):
        agent = ranked(Agent.objects.filter(pk=current), search.preferences).get()
        return Decision(agent, search, ranking_key(agent))
    found = _first_unlocked(search) if search.former_id is None else None
    lost: set[int] = set()
    while found is None:
        best = _find_best(search, lost)
        if best is None:
            return Decision(None, search)
        # While this one waited for the row, another writer may have given the agent a visit.
        if lock_if_eligible(best.pk, search):
            found = best
        lost.add(best.pk)
    return Decision(found, search, ranking_key(found), _rivals(found, search))


def record_choice(decision: Decision) -> None:
    """Send the chosen agent to the end of the line, and count a choice among rivals towards fair shares.

    The seeker's current agent has no rivals. The shares are counted after the commit: that locks other
    agents, and nobody has to wait for it.
    """
    agent, search = decision.agent, decision.search
    assert agent is not None
    row = Agent.objects.filter(pk=agent.pk)
    if search is None or not decision.key.get("not_current"):
        row.update(last_assigned_at=clock.now())
        return
    row.update(last_assigned_at=clock.now(), assignments_won=F("assignments_won") + 1)
    # The pool holds the rivals whose profile fits; `count_choice` draws from it and judges their calendars.
    equal = {name: decision.key[name] for name in RANK_PARTS}
    pool = search.candidates().annotate(**rank_expressions(search.preferences)).filter(**equal)
    after_commit(fairness.count_choice, agent.pk, pool, search.requirements)


def previously_unassigned(visit: Visit) -> set[int]:
    """Return the ids of agents whom staff unassigned from this visit: they are not chosen for it again."""
    return unassigned_by_visit([visit])[visit.pk] if visit.pk else set()


def unassigned_by_visit(visits: Collection[Visit]) -> dict[int, set[int]]:
    """Return the same for several visits by their ids, by one query."""
    found: dict[int, set[int]] = {visit.pk: set() for visit in visits}
    events = VisitEvent.objects.filter(visit__in=found, change=VisitEvent.Change.UNASSIGNED)
    rows = events.exclude(data__has_key="absent").values_list("visit_id", "data__from_agent_id")
    for visit_id, agent_id in rows:
        found[visit_id].add(agent_id)
    return found


def lock_if_eligible(agent_id: int, search: AgentSearch) -> bool:
    """Lock the agent if they can take the visit; otherwise let go of their row.

    The check is a statement of its own after the lock: it sees what was committed while this one waited.
    """
    with transaction.atomic():
        locks.lock_agents({agent_id, search.former_id})
        is_eligible = search.is_eligible(agent_id)
        transaction.set_rollback(not is_eligible)
    return is_eligible


def reasons_nobody_eligible(requirements: Requirements) -> list[str]:
    """Return what keeps the active agents of the city from the visit, in the order of REASONS.

    The first MAX_EXAMINED agents tell enough; judging all of a large city would keep people waiting.
    """
    there = Agent.objects.filter(serves(requirements.city) if requirements.city else Q(), is_active=True)
    examined = with_eligibility(there, requirements).order_by("pk")[:MAX_EXAMINED]
    found = [set(ineligibility_reasons(agent)) for agent in examined]
    return [name for name in REASONS if name in set().union(*found)] if found else ["city"]


def _first_unlocked(search: AgentSearch) -> Agent | None:
    """Find the best agent whose row nobody holds. One who is no longer eligible under the lock is let go."""
    stale: set[int] = set()
    while True:
        with transaction.atomic():
            agent = _find_best(search, stale, skip_locked=True)
            # The row is locked as it is now, but its calendar was judged as of the start of the statement.
            if agent is None or search.is_eligible(agent.pk):
                return agent
            stale.add(agent.pk)
            # To roll back to the savepoint lets go of the row.
            transaction.set_rollback(True)


def _find_best(search: AgentSearch, without: Collection[int], *, skip_locked: bool = False) -> Agent | None:
    """Find the first agent in order who passes, among the first batch and then among all.

    With `skip_locked` they are locked, and agents whose rows others hold are passed over.
    """
    # `best.id` is the column of BEST_SQL: the query of an agent is made once and judged for each in turn.
    passing = matching_calendar(Agent.objects.filter(pk=RawSQL("best.id", ())), search.requirements)
    passing = passing.order_by()
    if skip_locked:
        passing = passing.select_for_update(skip_locked=True, no_key=True, of=("self",))
    candidates = search.candidates().exclude(pk__in=without) if without else search.candidates()
    order = ranked(candidates, search.preferences).values("id", *COMPUTED_PARTS)
    order_sql, order_params = order.query.sql_with_params()
    agent_sql, agent_params = passing.query.sql_with_params()
    key = ", ".join(f"best.{name}" for name in COMPUTED_PARTS)
    sql = BEST_SQL.format(key=key, ranked=order_sql, agent=agent_sql)
    # LIMIT NULL is no limit.
    for limit in (FIRST_BATCH, None):
        params = [*order_params, limit, EXPLAINED_RIVALS + 1, *agent_params]
        for agent in Agent.objects.raw(sql, params):
            return agent
    return None


def _rivals(agent: Agent, search: AgentSearch) -> list[dict[str, Any]]:
    """Return the best agents by key beside the chosen one, and what kept each from being chosen."""
    nearest = [id_ for id_ in vars(agent)["nearest"] if id_ != agent.pk][:EXPLAINED_RIVALS]
    if not nearest:
        return []
    rivals = ranked(Agent.objects.filter(pk__in=nearest), search.preferences)
    return [
        {
            "agent_id": rival.pk,
            "name": rival.name,
            "reasons": ineligibility_reasons(rival),
            "key": ranking_key(rival),
        }
        for rival in with_eligibility(rivals, search.requirements)
    ]
