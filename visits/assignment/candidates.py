"""Every active agent for a visit, ranked for the people who choose by hand."""

from dataclasses import dataclass, replace
from typing import Any

from agents.models import Agent, serves
from visits.assignment import explanations
from visits.assignment.ranking import DEFAULT_CAPACITY, Preferences, ranked, ranking_key
from visits.assignment.selection import previously_unassigned
from visits.models import Visit
from visits.scheduling.eligibility import Requirements, ineligibility_reasons, with_eligibility


@dataclass(frozen=True)
class Candidate:
    """An agent as staff see him while they choose: `rank` counts from 1, the eligible ones first.

    Who was taken off the visit is never proposed, eligible or not.
    """

    agent: Agent
    eligible: bool
    proposed: bool
    reasons: list[str]
    load: float
    rank: int
    explanation: str


def rank_candidates(visit: Visit) -> list[Candidate]:
    """Every active agent, in the order in which he would be chosen for a tour."""
    off = previously_unassigned(visit)
    found = [
        _to_candidate(agent, ineligibility_reasons(agent), agent.pk in off)
        for agent in _in_ranked_order(visit)
    ]
    found.sort(key=lambda each: (not each.eligible, not each.proposed))
    return [replace(each, rank=rank) for rank, each in enumerate(found, 1)]


def _in_ranked_order(visit: Visit) -> list[Any]:
    """Whoever does not serve the city comes last; what he does at the hour does not matter."""
    requirements, there = Requirements.for_visit(visit), serves(visit.property.city)
    employed = ranked(Agent.objects.filter(is_active=True), Preferences.for_visit(visit))
    elsewhere = with_eligibility(employed.exclude(there), replace(requirements, start=None, end=None))
    return [*with_eligibility(employed.filter(there), requirements), *elsewhere]


def _to_candidate(agent: Any, missing: list[str], taken_off: bool) -> Candidate:
    return Candidate(
        agent=agent,
        eligible=not missing,
        proposed=not missing and not taken_off,
        reasons=missing,
        load=round(agent.live_visits / (agent.capacity or DEFAULT_CAPACITY), 2),
        rank=0,
        explanation=explanations.explain_candidate(missing, ranking_key(agent), taken_off),
    )
