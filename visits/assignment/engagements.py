"""Engagements: the agent whom a seeker has, until staff move or end it, or it falls idle.

A seeker's first visit with an agent starts one as well: see assigning.record_assignment.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from agents import services as agent_services
from agents.models import Agent, AgentInteraction, Engagement, EngagementQuerySet
from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid
from ghar.transactions import retrying_atomic
from visits import permissions
from visits.assignment.ranking import Preferences
from visits.assignment.selection import (
    AgentSearch,
    Decision,
    choose_agent,
    reasons_nobody_eligible,
    record_choice,
)
from visits.models import Visit
from visits.scheduling import locks
from visits.scheduling.eligibility import Requirements, ineligibility_reasons, with_eligibility
from visits.scheduling.errors import AgentNotEligible


@retrying_atomic
def engage(*, user: User, agent_id: int | None = None) -> Engagement:
    """Return the seeker's open engagement, or start one with the best agent, or with the one they name.

    Raises AgentNotEligible, also when they have another agent than the one they name: only staff change it.
    """
    user = locks.lock_people([user.pk])[user.pk]
    if current := open_engagement(user):
        if agent_id not in (None, current.agent_id):
            raise AgentNotEligible(
                _("You have an agent already: %(agent)s. Ask the agency for another one.")
                % {"agent": current.agent.name},
                reasons=[],
            )
        return current
    # There is no visit yet: no city, time or price narrows the choice, and the seed is the seeker alone.
    search = AgentSearch(
        Requirements(seeker_id=user.pk), Preferences.for_seeker(user, listing=None, seed=f"{user.pk}:")
    )
    decision = choose_agent(search) if agent_id is None else _named_agent(agent_id, search)
    if decision.agent is None:
        raise AgentNotEligible(
            _("No agent takes new seekers at the moment. Try again later."),
            reasons=reasons_nobody_eligible(search.requirements),
        )
    record_choice(decision)
    return start_engagement(user, decision.agent, "Asked for an agent")


def _named_agent(agent_id: int, search: AgentSearch) -> Decision:
    locks.lock_agents([agent_id])
    named = Agent.objects.filter(pk=agent_id, is_active=True)
    agent = with_eligibility(named, search.requirements).first()
    # Seekers do not see former agents: to them such an id is one that never was.
    missing = ineligibility_reasons(agent) if agent else ["inactive"]
    if missing:
        raise AgentNotEligible(
            _("This agent takes no new seekers at the moment. Choose another agent."), reasons=missing
        )
    return Decision(agent)


@retrying_atomic
def move_engagement(*, user: User, agent: Agent, by: User, reason: str = "", note: str = "") -> Engagement:
    """Give a seeker another agent from now on; visits that are booked stay with their agents.

    The seeker reads the reason, staff the note as well; one of the two is needed. Raises NotAllowed, Invalid
    without either, and AgentNotEligible for an agent who has left.
    """
    permissions.check_may_assign(by)
    if not (reason or note):
        raise Invalid(reason=_("A reason or a note is required to give the seeker another agent."))
    user = locks.lock_people([user.pk])[user.pk]
    current = open_engagement(user)
    # Both rows at once, in order: triggers count the seeker off the one agent and onto the other.
    locks.lock_agents({agent.pk, current.agent_id if current else None})
    if not Agent.objects.filter(pk=agent.pk, is_active=True).exists():
        raise AgentNotEligible(
            _("%(agent)s is no longer employed. Choose another agent.") % {"agent": agent.name},
            reasons=["inactive"],
        )
    if current and current.agent_id == agent.pk:
        return current
    Engagement.objects.open().filter(seeker=user).update(ended_at=clock.now())
    return start_engagement(user, agent, reason, note)


def open_engagement(seeker: User) -> Engagement | None:
    return Engagement.objects.open().filter(seeker=seeker).select_related("agent").first()


def start_engagement(seeker: User, agent: Agent, reason: str, note: str = "") -> Engagement:
    return Engagement.objects.create(
        seeker=seeker, agent=agent, reason=reason[:200], note=note[:200], started_at=clock.now()
    )


def idle_engagements(days: int | None = None) -> EngagementQuerySet:
    """Return open engagements without a visit or contact for `days`, by default ENGAGEMENT_IDLE_DAYS."""
    since = clock.now() - timedelta(days=settings.ENGAGEMENT_IDLE_DAYS if days is None else days)
    recent = Q(scheduled_date__gte=since) | Q(created_at__gte=since)
    visits = Visit.objects.filter(recent, user=OuterRef("seeker"))
    contacts = AgentInteraction.objects.filter(
        user=OuterRef("seeker"), agent=OuterRef("agent"), created_at__gte=since
    )
    started_before = Engagement.objects.open().filter(started_at__lt=since)
    return started_before.exclude(Exists(visits)).exclude(Exists(contacts)).order_by("agent_id", "pk")


def close_idle_engagements(*, days: int | None = None) -> Iterator[Engagement]:
    """End each idle engagement in a transaction of its own, and yield those that were ended."""
    for engagement in idle_engagements(days).select_related("agent", "seeker"):
        if _end_if_idle(engagement, days):
            yield engagement


@retrying_atomic
def _end_if_idle(engagement: Engagement, days: int | None) -> bool:
    """Judge again under the locks that a booking and a contact take: one may have come since the list."""
    locks.lock_people([engagement.seeker_id])
    locks.lock_agents([engagement.agent_id])
    still_idle = idle_engagements(days).filter(pk=engagement.pk).exists()
    return still_idle and agent_services.end_engagement(engagement=engagement, by=None)
