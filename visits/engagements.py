"""Whose agent a seeker has. The first visit begins an engagement as well: see handover.follow_up."""

from agents.models import Agent, Engagement
from ghar import clock
from ghar.accounts.models import User
from ghar.errors import AgentNotEligible, Invalid, NotAllowed
from ghar.staff import is_staff_with
from ghar.transactions import in_transaction
from visits import assignment, handover, ranking
from visits.availability import Wanted


@in_transaction
def engage(*, user: User) -> Engagement:
    """The seeker's open engagement, or a new one with the best agent. Raises AgentNotEligible."""
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    present = Engagement.objects.open().filter(seeker=user).select_related("agent").first()
    if present:
        return present
    wanted = Wanted(seeker_id=user.pk)
    decision = assignment.choose(wanted=wanted, taste=ranking.Taste.of(user, None, f"{user.pk}:"))
    if decision.agent is None:
        raise AgentNotEligible("No agent takes new seekers now.", reasons=assignment.obstacles(wanted))
    assignment.mark_assigned(decision.agent)
    return handover.begin_engagement(user, decision.agent, "Asked for an agent")


@in_transaction
def move_engagement(*, user: User, agent: Agent, by: User, reason: str) -> Engagement:
    """Give a seeker another agent for good; visits that are booked stay with whoever has them."""
    if not is_staff_with(by, "visits.assign_agent"):
        raise NotAllowed("Assigning agents needs the permission visits.assign_agent.")
    if not reason:
        raise Invalid(reason="Say why the seeker gets another agent.")
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    present = Engagement.objects.open().filter(seeker=user).first()
    assignment.hold({agent.pk, present.agent_id if present else None})
    if not Agent.objects.filter(pk=agent.pk, is_active=True).exists():
        raise AgentNotEligible(f"{agent.name} is no longer employed.", reasons=["inactive"])
    if present and present.agent_id == agent.pk:
        return present
    Engagement.objects.open().filter(seeker=user).update(ended_at=clock.now())
    return handover.begin_engagement(user, agent, reason)
