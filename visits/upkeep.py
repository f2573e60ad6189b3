"""Regular work on agents that needs to know visits: engagements that have ended, counters that drifted."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from agents import services as agent_services
from agents.models import Agent, AgentInteraction, Engagement
from ghar import clock
from ghar.accounts.models import User
from ghar.transactions import in_transaction
from visits.models import Visit


def idle_engagements(days: int | None = None) -> Any:
    """Open ones whose seeker has had no visit with anybody, and no contact, for so many days."""
    idle = timedelta(days=settings.ENGAGEMENT_IDLE_DAYS if days is None else days)
    since = clock.now() - idle
    recent = Q(scheduled_date__gte=since) | Q(created_at__gte=since)
    visits = Visit.objects.filter(recent, user=OuterRef("seeker"))
    contacts = AgentInteraction.objects.filter(
        user=OuterRef("seeker"), agent=OuterRef("agent"), created_at__gte=since
    )
    open_ones = Engagement.objects.open().filter(started_at__lt=since)
    return open_ones.exclude(Exists(visits)).exclude(Exists(contacts)).order_by("agent_id", "pk")


def close_idle_engagements(*, days: int | None = None) -> Iterator[Engagement]:
    """End each in a transaction of its own; those that were, as it goes."""
    for engagement in idle_engagements(days).select_related("agent", "seeker"):
        if _end_if_idle(engagement, days):
            yield engagement


@in_transaction
def _end_if_idle(engagement: Engagement, days: int | None) -> bool:
    """Judged again under the locks that a booking and a contact take: there may be one since the list."""
    User.objects.select_for_update(no_key=True).get(pk=engagement.seeker_id)
    Agent.objects.select_for_update(no_key=True).get(pk=engagement.agent_id)
    still_idle = idle_engagements(days).filter(pk=engagement.pk).exists()
    return still_idle and agent_services.end_engagement(engagement=engagement, by=None)


class Drift(NamedTuple):
    """A counter on an agent's row that is not what there is."""

    agent: Agent
    counter: str
    stored: int
    counted: int


def drifts() -> list[Drift]:
    agents = _counted(Agent.objects.order_by("pk"))
    wrong = agents.exclude(live_visits=F("counted_visits"), live_users=F("counted_users"))
    return [drift for agent in wrong for drift in _drifts_of(agent)]


@in_transaction
def repair(drift: Drift) -> list[Drift]:
    """Count once more under the agent's lock, which the triggers take too, and write what there is."""
    Agent.objects.select_for_update(no_key=True).get(pk=drift.agent.pk)
    found = _drifts_of(_counted(Agent.objects.filter(pk=drift.agent.pk)).get())
    for wrong in found:
        Agent.objects.filter(pk=drift.agent.pk).update(**{wrong.counter: wrong.counted})
    return found


def _counted(agents: Any) -> Any:
    return agents.annotate(
        counted_visits=_number(Visit.objects.live()), counted_users=_number(Engagement.objects.open())
    )


def _number(rows: Any) -> Coalesce:
    counts = rows.filter(agent=OuterRef("pk")).order_by().values("agent").annotate(n=Count("pk"))
    return Coalesce(Subquery(counts.values("n"), output_field=IntegerField()), 0)


def _drifts_of(agent: Any) -> list[Drift]:
    pairs = [
        ("live_visits", agent.live_visits, agent.counted_visits),
        ("live_users", agent.live_users, agent.counted_users),
    ]
    return [Drift(agent, *pair) for pair in pairs if pair[1] != pair[2]]
