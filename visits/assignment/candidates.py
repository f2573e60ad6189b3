"""Every active agent for a visit, ranked for the people who choose by hand."""

from dataclasses import dataclass, replace

from agents.models import Agent, serves
from visits.assignment import explanations
from visits.assignment.ranking import DEFAULT_CAPACITY, Preferences, ranked, ranking_key
from visits.assignment.selection import previously_unassigned
from visits.models import Visit
from visits.scheduling.eligibility import Requirements, ineligibility_reasons, with_eligibility


@dataclass(frozen=True)
class Candidate:
    """An agent as staff see them while they choose.

    `rank` counts from 1, eligible agents first. An agent whom staff unassigned from the visit earlier is
    never proposed, eligible or not. `load` is live visits per unit of capacity.
    """

    agent: Agent
    eligible: bool
    proposed: bool
    reasons: list[str]
    load: float
    rank: int
    explanation: str


def rank_candidates(visit: Visit) -> list[Candidate]:
    """Return every active agent in the order in which they would be chosen. Raises Invalid for a meet."""
    visit.require_tour()
    unassigned = previously_unassigned(visit)
    requirements, there = Requirements.for_visit(visit), serves(visit.property.city)
    employed = ranked(Agent.objects.filter(is_active=True), Preferences.for_visit(visit))
    # Agents elsewhere come last and their calendars don't matter: judging those would cost the most.
    elsewhere = with_eligibility(employed.exclude(there), replace(requirements, start=None, end=None))
    found = []
    for agent in [*with_eligibility(employed.filter(there), requirements), *elsewhere]:
        reasons = ineligibility_reasons(agent)
        was_unassigned = agent.pk in unassigned
        found.append(
            Candidate(
                agent=agent,
                eligible=not reasons,
                proposed=not reasons and not was_unassigned,
                reasons=reasons,
                load=round(agent.live_visits / (agent.capacity or DEFAULT_CAPACITY), 2),
                rank=0,
                explanation=explanations.explain_candidate(reasons, ranking_key(agent), was_unassigned),
            )
        )
    found.sort(key=lambda each: (not each.eligible, not each.proposed))
    return [replace(each, rank=rank) for rank, each in enumerate(found, 1)]
