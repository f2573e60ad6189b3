"""Putting an agent on a visit, another one, or nobody. Runs under the locks of the service that calls."""

from typing import Any

from agents.models import Agent, Engagement
from ghar import clock
from ghar.accounts.models import User
from ghar.errors import AgentNotEligible, Invalid
from visits import assignment, availability, history, ranking, words
from visits.availability import Wanted
from visits.models import Visit, VisitEvent

Change = VisitEvent.Change
# What staff may assign an agent in spite of, with a reason.
LIFTABLE = {"unavailable", "city", "hours", "time_off", "capacity", "travel"}


def assign_best(visit: Visit, by: User | None, reason: str) -> None:
    """Keep the agent if he can take the visit, else give it to the best other one."""
    if visit.agent and assignment.hold_if_eligible(visit.agent.pk, Wanted.by(visit)):
        return
    if not give_best(visit, by, reason):
        reasons = assignment.obstacles(Wanted.by(visit))
        raise AgentNotEligible(words.of_nobody(reasons, bool(assignment.taken_off(visit))), reasons=reasons)


def give_best(visit: Visit, by: User | None, reason: str) -> bool:
    """Whether there was anybody else to give the visit to."""
    former = visit.agent
    decision = assignment.choose(
        wanted=Wanted.by(visit),
        taste=ranking.Taste.by(visit),
        avoid=assignment.taken_off(visit),
        leaving=former.pk if former else None,
    )
    if decision.agent:
        hand(visit, by, decision.agent, reason, told_of(former, decision))
    return decision.agent is not None


def give_away(visit: Visit, by: User | None, reason: str) -> None:
    """Give the visit of an agent who will be absent to the best other one, or to the queue.

    The absent one and the seeker's own are locked already: nobody is waited for while there is somebody who
    needs no waiting.
    """
    former = visit.agent
    decision = assignment.choose(
        wanted=Wanted.by(visit),
        taste=ranking.Taste.by(visit),
        avoid={*assignment.taken_off(visit), visit.agent_id or 0},
    )
    hand(visit, by, decision.agent, reason, {**told_of(former, decision), "absent": True})


def assign_named(visit: Visit, by: User, agent_id: int, reason: str, override: bool) -> None:
    if agent_id == visit.agent_id:
        return
    if not Agent.objects.filter(pk=agent_id).exists():
        raise Invalid(agent_id="There is no such agent.")
    assignment.hold({agent_id, visit.agent_id})
    agent = availability.judged(Agent.objects.filter(pk=agent_id), Wanted.by(visit)).get()
    missing = availability.lacks(agent)
    final = [reason for reason in missing if not (override and reason in LIFTABLE)]
    if final:
        raise AgentNotEligible(words.of_refusal(agent.name, final), reasons=final)
    hand(visit, by, agent, reason, {"overridden": missing} if missing else {})


def hand(
    visit: Visit, by: User | None, agent: Agent | None, reason: str, told: dict[str, Any] | None = None
) -> None:
    """Put another agent, or nobody, on the visit. Both agents' rows are locked by now."""
    former = visit.agent
    if agent == former:
        return
    if agent and former and not reason:
        raise Invalid(reason=f"Say why the visit goes from {former.name} to {agent.name}.")
    visit.agent = agent
    # By the shortest way of now: it may have been another when the visit was booked.
    visit.busy = availability.busy_range(visit.scheduled_date, visit.scheduled_end)
    history.save(visit, ["agent", "busy"])
    change = Change.ASSIGNED if agent else Change.UNASSIGNED
    data = {**told_of(former, assignment.Decision(agent)), **(told or {})}
    history.record(visit, by, change, visit.status, reason=reason, data=data)
    follow_up(visit, agent, reason or "Assigned to a visit")


def follow_up(visit: Visit, agent: Agent | None, reason: str) -> None:
    """What follows: the agent goes to the end of the line; the first one stays the seeker's."""
    if agent is None:
        return
    assignment.mark_assigned(agent)
    if not Engagement.objects.open().filter(seeker=visit.user).exists():
        begin_engagement(visit.user, agent, reason)


def begin_engagement(seeker: User, agent: Agent, reason: str) -> Engagement:
    return Engagement.objects.create(seeker=seeker, agent=agent, reason=reason[:200], started_at=clock.now())


def told_of(former: Agent | None, decision: assignment.Decision) -> dict[str, Any]:
    """What the history keeps of a decision: who, over whom, why; or why nobody."""
    told: dict[str, Any] = {
        "agent_id": decision.agent and decision.agent.pk,
        "from_agent_id": former and former.pk,
    }
    if decision.key:
        told |= {"key": decision.key, "others": decision.others}
    if decision.in_vain:
        told["reasons"] = assignment.obstacles(decision.in_vain)
    if why := words.of_decision(told):
        told["why"] = why
    return told
