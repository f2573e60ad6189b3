"""Every active agent for a visit, ranked for the people who choose by hand."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from django.db import models
from django.db.models import Value

from agents.models import Agent, AgentQuerySet, serves
from visits.assignment import explanations
from visits.assignment.ranking import DEFAULT_CAPACITY, RANK_ORDER, Preferences, ranked, ranking_key
from visits.assignment.selection import unassigned_by_visit
from visits.models import Visit
from visits.scheduling.eligibility import Requirements, ineligibility_reasons, with_eligibility

# The order of several visits' candidates that are read together.
ORDER_OF_EACH = ("visit_id", "is_elsewhere", *RANK_ORDER)


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
    return rank_candidates_of_each([visit])[visit.pk]


def rank_candidates_of_each(visits: Collection[Visit]) -> dict[int, list[Candidate]]:
    """Return the candidates of several visits by their ids, by three queries however many there are.

    Each visit should have its listing and visitor fetched. Raises Invalid for a meet.
    """
    for visit in visits:
        visit.require_tour()
    if not visits:
        return {}
    unassigned, preferences = unassigned_by_visit(visits), Preferences.for_visits(visits)
    parts = [part for visit in visits for part in _judged_for(visit, preferences[visit.pk])]
    agents = parts[0].union(*parts[1:], all=True).order_by(*ORDER_OF_EACH)
    found: dict[int, list[Candidate]] = {visit.pk: [] for visit in visits}
    for agent in agents:
        visit_id: int = vars(agent)["visit_id"]
        found[visit_id].append(_candidate(agent, agent.pk in unassigned[visit_id]))
    return {visit_id: _in_order(candidates) for visit_id, candidates in found.items()}


def _judged_for(visit: Visit, preferences: Preferences) -> Iterator[AgentQuerySet]:
    """Yield the agents who serve the visit's city and the others, each with key and eligibility.

    The latter come last and their calendars don't matter: judging those would cost the most.
    """
    requirements, there = Requirements.for_visit(visit), serves(visit.property.city)
    employed = ranked(Agent.objects.filter(is_active=True), preferences).order_by()
    employed = employed.annotate(visit_id=Value(visit.pk))
    here, elsewhere = (Value(place, models.IntegerField()) for place in (0, 1))
    yield with_eligibility(employed.filter(there), requirements).annotate(is_elsewhere=here)
    timeless = replace(requirements, start=None, end=None)
    yield with_eligibility(employed.exclude(there), timeless).annotate(is_elsewhere=elsewhere)


def _candidate(agent: Agent, was_unassigned: bool) -> Candidate:
    reasons = ineligibility_reasons(agent)
    return Candidate(
        agent=agent,
        eligible=not reasons,
        proposed=not reasons and not was_unassigned,
        reasons=reasons,
        load=round(agent.live_visits / (agent.capacity or DEFAULT_CAPACITY), 2),
        rank=0,
        explanation=explanations.explain_candidate(reasons, ranking_key(agent), was_unassigned),
    )


def _in_order(candidates: list[Candidate]) -> list[Candidate]:
    """Put those first who would be proposed, keep the order otherwise, and number them."""
    ordered = sorted(candidates, key=lambda each: (not each.eligible, not each.proposed))
    return [replace(each, rank=rank) for rank, each in enumerate(ordered, 1)]
