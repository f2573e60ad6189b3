"""Putting an agent on a visit, another one, or nobody. Runs under the locks of the service that calls."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from agents.models import Agent
from ghar.accounts.models import User
from ghar.errors import Invalid
from visits.assignment import engagements, explanations
from visits.assignment.ranking import Preferences
from visits.assignment.selection import (
    AgentSearch,
    Decision,
    choose_agent,
    lock_if_eligible,
    previously_unassigned,
    reasons_nobody_eligible,
    record_choice,
)
from visits.models import Visit, VisitEvent, busy_range
from visits.scheduling import changes, locks
from visits.scheduling.changes import Why
from visits.scheduling.eligibility import (
    REASONS,
    Requirements,
    eligible,
    ineligibility_reasons,
    with_eligibility,
)
from visits.scheduling.errors import AgentNotEligible


def choose_for_visit(visit: Visit, former: Agent | None = None, *, avoid: Collection[int] = ()) -> Decision:
    """Choose `former` if they can take the visit, else the best other agent; nobody for a meet."""
    if not visit.is_tour():
        return Decision(None)
    search = AgentSearch(
        Requirements.for_visit(visit), Preferences.for_visit(visit), former_id=former.pk if former else None
    )
    # An agent who can keep the visit keeps it, whoever ranks higher by now: seekers know the name already.
    if former and lock_if_eligible(former.pk, search):
        return Decision(former, search)
    return choose_agent(replace(search, avoid=frozenset({*previously_unassigned(visit), *avoid})))


def can_keep_agent(visit: Visit) -> bool:
    """Tell whether the visit has an agent who can take it: then no other one is chosen."""
    if visit.agent_id is None:
        return False
    return eligible(Agent.objects.filter(pk=visit.agent_id), Requirements.for_visit(visit)).exists()


def assign_automatically(visit: Visit, by: User, why: Why) -> None:
    """Keep the agent if they can take the visit, else assign the best other. Raises AgentNotEligible."""
    if not assign_best(visit, by, why):
        reasons = reasons_nobody_eligible(Requirements.for_visit(visit))
        detail = explanations.explain_no_agent(reasons, bool(previously_unassigned(visit)))
        raise AgentNotEligible(detail, reasons=reasons)


def assign_best(visit: Visit, by: User | None, why: Why) -> bool:
    """Assign the best agent, and tell whether there was one. Without one the visit stays as it is."""
    decision = choose_for_visit(visit, visit.agent)
    if decision.agent:
        set_agent(visit, by, decision, why)
    return decision.agent is not None


def assign_chosen(visit: Visit, by: User, agent_id: int, why: Why, override: bool) -> None:
    """Assign the agent whom staff name. Raises AgentNotEligible; `override` lifts what REASONS allow."""
    if agent_id == visit.agent_id:
        return
    locks.lock_agents({agent_id, visit.agent_id})
    # Read by a statement after the lock: the agent's calendar can't change any more.
    agent = with_eligibility(Agent.objects.filter(pk=agent_id), Requirements.for_visit(visit)).first()
    if agent is None:
        raise Invalid(agent_id=_("There is no agent with this id."))
    missing = ineligibility_reasons(agent)
    final = [name for name in missing if not (override and REASONS[name].overridable)]
    if final:
        raise AgentNotEligible(explanations.explain_refusal(agent.name, final), reasons=final)
    overridden: dict[str, Any] = {"overridden": missing} if missing else {}
    set_agent(visit, by, Decision(agent), why, **overridden)


def unassign(visit: Visit, by: User, why: Why) -> None:
    """Take the agent off by hand. The visit is not assigned from the queue then: it waits for staff."""
    set_agent(visit, by, Decision(None), why, kept_unassigned=True)


def agent_who_showed(visit: Visit, agent_id: int | None) -> Agent | None:
    """Return the agent who showed a visit: the one who has it, unless `agent_id` names another.

    That one's row is locked. Nobody judges whether they could: they did. Raises Invalid for a tour that
    nobody showed, and for a meet that an agent did.
    """
    if agent_id is None and visit.lacks_agent():
        raise Invalid(agent_id=_("No agent is assigned to this tour. Name the agent who showed it."))
    if agent_id in (None, visit.agent_id):
        return visit.agent
    visit.require_tour()
    locks.lock_agents({agent_id, visit.agent_id})
    agent = Agent.objects.filter(pk=agent_id).first()
    if agent is None:
        raise Invalid(agent_id=_("There is no agent with this id."))
    return agent


def set_agent(
    visit: Visit,
    by: User | None,
    decision: Decision,
    why: Why,
    *,
    kept_unassigned: bool = False,
    **data: Any,
) -> None:
    """Put the decision's agent, or nobody, on the visit. Both agents' rows are locked by now.

    `data` goes into the history beside the decision.
    """
    agent, former = decision.agent, visit.agent
    if agent == former:
        return
    if agent and former and not why:
        raise Invalid(
            reason=_("A reason or a note is required to reassign the visit from %(former)s to %(agent)s.")
            % {"former": former.name, "agent": agent.name}
        )
    visit.agent, visit.kept_unassigned = agent, kept_unassigned
    # The buffer of now: the setting may have been another one when the visit was booked.
    visit.busy = busy_range(visit.scheduled_date, visit.scheduled_end)
    changes.save_visit(visit, ["agent", "busy", "kept_unassigned"])
    changes.record_event(
        visit,
        by,
        VisitEvent.Change.ASSIGNED if agent else VisitEvent.Change.UNASSIGNED,
        visit.status,
        why=why,
        data={**decision_data(former, decision), **data},
        former_agent=former,
    )
    record_assignment(visit, decision, why.reason or "Assigned to a visit")


def record_assignment(visit: Visit, decision: Decision, reason: str) -> None:
    """Send the agent to the end of the line; the first agent of a seeker becomes their own."""
    if decision.agent is None:
        return
    record_choice(decision)
    # An automatic choice has read already whether the seeker has an agent; a choice by hand has not.
    if decision.search:
        has_agent = decision.search.preferences.current_agent_id is not None
    else:
        has_agent = engagements.open_engagement(visit.user) is not None
    if not has_agent:
        engagements.start_engagement(visit.user, decision.agent, reason)


def decision_data(former: Agent | None, decision: Decision) -> dict[str, Any]:
    """Return what the history keeps of a decision; `explanations.explain_decision` words it when it is read.

    `key` and `others` say why this agent, `reasons` why nobody.
    """
    data: dict[str, Any] = {
        "agent_id": decision.agent and decision.agent.pk,
        "from_agent_id": former and former.pk,
    }
    if decision.key:
        data |= {"key": decision.key, "others": decision.others}
    if decision.agent is None and decision.search:
        data["reasons"] = reasons_nobody_eligible(decision.search.requirements)
    return data
