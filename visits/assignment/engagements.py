"""Whose agent a seeker has. The first visit begins an engagement as well: see handover.follow_up."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from agents import services as agent_services
from agents.models import Agent, AgentInteraction, Engagement
from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid, NotAllowed
from ghar.staff import has_staff_perm
from ghar.transactions import retrying_atomic
from visits.assignment import ranking, selection
from visits.errors import AgentNotEligible
from visits.models import Visit
from visits.scheduling import locks
from visits.scheduling.eligibility import Requirements


@retrying_atomic
def engage(*, user: User) -> Engagement:
    """The seeker's open engagement, or a new one with the best agent. Raises AgentNotEligible."""
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    present = Engagement.objects.open().filter(seeker=user).select_related("agent").first()
    if present:
        return present
    requirements = Requirements(seeker_id=user.pk)
    decision = selection.choose_agent(
        requirements=requirements, preferences=ranking.Preferences.for_seeker(user, None, f"{user.pk}:")
    )
    if decision.agent is None:
        raise AgentNotEligible(
            "No agent takes new seekers now.", reasons=selection.reasons_nobody_eligible(requirements)
        )
    selection.mark_assigned(decision.agent)
    return start_engagement(user, decision.agent, "Asked for an agent")


@retrying_atomic
def move_engagement(*, user: User, agent: Agent, by: User, reason: str) -> Engagement:
    """Give a seeker another agent for good; visits that are booked stay with whoever has them."""
    if not has_staff_perm(by, "visits.assign_agent"):
        raise NotAllowed("Assigning agents needs the permission visits.assign_agent.")
    if not reason:
        raise Invalid(reason="Say why the seeker gets another agent.")
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    present = Engagement.objects.open().filter(seeker=user).first()
    locks.lock_agents({agent.pk, present.agent_id if present else None})
    if not Agent.objects.filter(pk=agent.pk, is_active=True).exists():
        raise AgentNotEligible(f"{agent.name} is no longer employed.", reasons=["inactive"])
    if present and present.agent_id == agent.pk:
        return present
    Engagement.objects.open().filter(seeker=user).update(ended_at=clock.now())
    return start_engagement(user, agent, reason)


def start_engagement(seeker: User, agent: Agent, reason: str) -> Engagement:
    return Engagement.objects.create(seeker=seeker, agent=agent, reason=reason[:200], started_at=clock.now())


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


@retrying_atomic
def _end_if_idle(engagement: Engagement, days: int | None) -> bool:
    """Judged again under the locks that a booking and a contact take: there may be one since the list."""
    User.objects.select_for_update(no_key=True).get(pk=engagement.seeker_id)
    Agent.objects.select_for_update(no_key=True).get(pk=engagement.agent_id)
    still_idle = idle_engagements(days).filter(pk=engagement.pk).exists()
    return still_idle and agent_services.end_engagement(engagement=engagement, by=None)
