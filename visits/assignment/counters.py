"""The counters on agents' rows, compared with what they count. Triggers keep them; this finds drift."""

from typing import Any, NamedTuple

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from agents.models import Agent, Engagement
from ghar.transactions import retrying_atomic
from visits.models import Visit
from visits.scheduling import locks


class Drift(NamedTuple):
    """A counter on an agent's row that differs from the rows it counts."""

    agent: Agent
    counter: str
    stored: int
    counted: int


def find_drift(agent_id: int | None = None) -> list[Drift]:
    """Return the wrong counters of one agent or, in the order of their ids, of all."""
    agents = Agent.objects.all() if agent_id is None else Agent.objects.filter(pk=agent_id)
    agents = agents.annotate(
        counted_visits=_row_count(Visit.objects.live()), counted_users=_row_count(Engagement.objects.open())
    )
    wrong = agents.exclude(live_visits=F("counted_visits"), live_users=F("counted_users"))
    drifts = []
    for agent in wrong.order_by("pk"):
        counts = vars(agent)
        for counter, name in (("live_visits", "counted_visits"), ("live_users", "counted_users")):
            if counts[counter] != counts[name]:
                drifts.append(Drift(agent, counter, counts[counter], counts[name]))
    return drifts


@retrying_atomic
def repair_counter(drift: Drift) -> list[Drift]:
    """Count again under the agent's lock, which the triggers take too, and write the counts that differ."""
    locks.lock_agents([drift.agent.pk])
    found = find_drift(drift.agent.pk)
    for wrong in found:
        Agent.objects.filter(pk=drift.agent.pk).update(**{wrong.counter: wrong.counted})
    return found


def _row_count(rows: QuerySet[Any]) -> Coalesce:
    # A subquery for each counter: a join of visits and engagements would multiply their rows.
    counts = rows.filter(agent=OuterRef("pk")).order_by().values("agent").annotate(n=Count("pk"))
    return Coalesce(Subquery(counts.values("n"), output_field=IntegerField()), 0)
