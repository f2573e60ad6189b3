"""The counters on agents' rows, compared with what they count. Triggers keep them; this finds drift."""

from typing import Any, NamedTuple

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from agents.models import Agent, AgentQuerySet, Engagement
from ghar.transactions import retrying_atomic
from visits.models import Visit
from visits.scheduling import locks


class Drift(NamedTuple):
    """A counter on an agent's row that differs from the rows it counts."""

    agent: Agent
    counter: str
    stored: int
    counted: int


def find_drift() -> list[Drift]:
    agents = _with_counts(Agent.objects.order_by("pk"))
    wrong = agents.exclude(live_visits=F("counted_visits"), live_users=F("counted_users"))
    return [drift for agent in wrong for drift in _drift_of_agent(agent)]


@retrying_atomic
def repair_counter(drift: Drift) -> list[Drift]:
    """Count again under the agent's lock, which the triggers take too, and write the counts that differ."""
    locks.lock_agents([drift.agent.pk])
    found = _drift_of_agent(_with_counts(Agent.objects.filter(pk=drift.agent.pk)).get())
    for wrong in found:
        Agent.objects.filter(pk=drift.agent.pk).update(**{wrong.counter: wrong.counted})
    return found


def _with_counts(agents: AgentQuerySet) -> AgentQuerySet:
    return agents.annotate(
        counted_visits=_row_count(Visit.objects.live()), counted_users=_row_count(Engagement.objects.open())
    )


def _row_count(rows: QuerySet[Any]) -> Coalesce:
    counts = rows.filter(agent=OuterRef("pk")).order_by().values("agent").annotate(n=Count("pk"))
    return Coalesce(Subquery(counts.values("n"), output_field=IntegerField()), 0)


def _drift_of_agent(agent: Agent) -> list[Drift]:
    counted = vars(agent)
    pairs = [
        ("live_visits", agent.live_visits, counted["counted_visits"]),
        ("live_users", agent.live_users, counted["counted_users"]),
    ]
    return [Drift(agent, *pair) for pair in pairs if pair[1] != pair[2]]
