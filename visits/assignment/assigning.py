"""Putting an agent on a visit, another one, or nobody. Runs under the locks of the service that calls."""

from typing import Any

from agents.models import Agent, Engagement
from ghar.accounts.models import User
from ghar.errors import Invalid
from visits.assignment import explanations, ranking, selection
from visits.assignment.engagements import start_engagement
from visits.errors import AgentNotEligible
from visits.models import Visit, VisitEvent
from visits.scheduling import changes, eligibility, locks
from visits.scheduling.eligibility import Requirements

Change = VisitEvent.Change
# What staff may assign an agent in spite of, with a reason.
OVERRIDABLE = {"unavailable", "city", "hours", "time_off", "capacity", "travel"}


def assign_automatically(visit: Visit, by: User | None, reason: str) -> None:
    """Keep the agent if he can take the visit, else give it to the best other one."""
    if visit.agent and selection.lock_if_eligible(visit.agent.pk, Requirements.for_visit(visit)):
        return
    if not assign_best(visit, by, reason):
        reasons = selection.reasons_nobody_eligible(Requirements.for_visit(visit))
        raise AgentNotEligible(
            explanations.explain_no_agent(reasons, bool(selection.previously_unassigned(visit))),
            reasons=reasons,
        )


def assign_best(visit: Visit, by: User | None, reason: str) -> bool:
    """Whether there was anybody else to give the visit to."""
    former = visit.agent
    decision = selection.choose_agent(
        requirements=Requirements.for_visit(visit),
        preferences=ranking.Preferences.for_visit(visit),
        avoid=selection.previously_unassigned(visit),
        leaving=former.pk if former else None,
    )
    if decision.agent:
        set_agent(visit, by, decision.agent, reason, decision_data(former, decision))
    return decision.agent is not None


def reassign(visit: Visit, by: User | None, reason: str) -> None:
    """Give the visit of an agent who will be absent to the best other one, or to the queue.

    The absent one and the seeker's own are locked already: nobody is waited for while there is somebody who
    needs no waiting.
    """
    former = visit.agent
    decision = selection.choose_agent(
        requirements=Requirements.for_visit(visit),
        preferences=ranking.Preferences.for_visit(visit),
        avoid={*selection.previously_unassigned(visit), visit.agent_id or 0},
    )
    set_agent(visit, by, decision.agent, reason, {**decision_data(former, decision), "absent": True})


def assign_chosen(visit: Visit, by: User, agent_id: int, reason: str, override: bool) -> None:
    if agent_id == visit.agent_id:
        return
    if not Agent.objects.filter(pk=agent_id).exists():
        raise Invalid(agent_id="There is no such agent.")
    locks.lock_agents({agent_id, visit.agent_id})
    agent = eligibility.with_eligibility(
        Agent.objects.filter(pk=agent_id), Requirements.for_visit(visit)
    ).get()
    missing = eligibility.ineligibility_reasons(agent)
    final = [reason for reason in missing if not (override and reason in OVERRIDABLE)]
    if final:
        raise AgentNotEligible(explanations.explain_refusal(agent.name, final), reasons=final)
    set_agent(visit, by, agent, reason, {"overridden": missing} if missing else {})


def set_agent(
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
    visit.busy = eligibility.busy_range(visit.scheduled_date, visit.scheduled_end)
    changes.save_visit(visit, ["agent", "busy"])
    change = Change.ASSIGNED if agent else Change.UNASSIGNED
    data = {**decision_data(former, selection.Decision(agent)), **(told or {})}
    changes.record_event(visit, by, change, visit.status, reason=reason, data=data)
    record_assignment(visit, agent, reason or "Assigned to a visit")


def record_assignment(visit: Visit, agent: Agent | None, reason: str) -> None:
    """What follows: the agent goes to the end of the line; the first one stays the seeker's."""
    if agent is None:
        return
    selection.mark_assigned(agent)
    if not Engagement.objects.open().filter(seeker=visit.user).exists():
        start_engagement(visit.user, agent, reason)


def decision_data(former: Agent | None, decision: selection.Decision) -> dict[str, Any]:
    """What the history keeps of a decision: who, over whom, why; or why nobody."""
    told: dict[str, Any] = {
        "agent_id": decision.agent and decision.agent.pk,
        "from_agent_id": former and former.pk,
    }
    if decision.key:
        told |= {"key": decision.key, "others": decision.others}
    if decision.unmet:
        told["reasons"] = selection.reasons_nobody_eligible(decision.unmet)
    if why := explanations.explain_decision(told):
        told["why"] = why
    return told
