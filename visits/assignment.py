"""Which agent shows a listing: the least key among the eligible, chosen under the agent's lock."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Coalesce, Concat

from agents.models import Agent, Engagement
from ghar import clock
from ghar.accounts.models import User
from properties.models import Property
from visits import words
from visits.availability import REASONS, Wanted, eligible, judged, lacks
from visits.models import Visit

# Agents whose load differs by less than this share of their capacity count as equally busy.
BUCKET_PERCENT = 4
USUAL_CAPACITY = 50


@dataclass(frozen=True)
class Decision:
    """Who was chosen, if anybody, and the key that won: each part is better the smaller it is."""

    agent: Agent | None
    key: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """An agent as staff see him while they choose: `rank` counts from 1, the eligible ones first."""

    agent: Agent
    eligible: bool
    reasons: list[str]
    load: float
    rank: int
    explanation: str


@dataclass(frozen=True)
class Taste:
    """What of the seeker and the listing makes one agent better than another."""

    seed: str
    current_agent_id: int | None = None
    languages: tuple[str, ...] = ()
    price: Any = None

    @classmethod
    def of(cls, seeker: User, listing: Property | None, seed: str) -> "Taste":
        return cls(
            seed=seed,
            current_agent_id=Engagement.objects.open()
            .filter(seeker=seeker)
            .values_list("agent_id", flat=True)
            .first(),
            languages=tuple(seeker.preferred_languages),
            price=listing and listing.base_price,
        )

    @classmethod
    def by(cls, visit: Visit) -> "Taste":
        seed = f"{visit.user_id}:{visit.property_id}:{visit.scheduled_date.isoformat()}:"
        return cls.of(visit.user, visit.property, seed)


KEY = ("not_current", "foreign_language", "type_rank", "load", "last_assigned_at")


def ranked(agents: "models.QuerySet[Agent]", taste: Taste) -> "models.QuerySet[Agent]":
    """The agents by their key, best first. The order is total and can be replayed from `taste`."""
    capacity = Coalesce(F("capacity"), Value(USUAL_CAPACITY))
    return agents.annotate(
        not_current=_zero_if(Q(pk=taste.current_agent_id)),
        foreign_language=_zero_if(Q(languages__overlap=list(taste.languages)))
        if taste.languages
        else Value(0),
        type_rank=_type_rank(taste.price),
        load=F("live_visits") * 100 / (capacity * BUCKET_PERCENT),
        draw=Func(
            Concat(Value(taste.seed), F("pk"), output_field=models.TextField()),
            Value(0),
            function="hashtextextended",
            output_field=models.BigIntegerField(),
        ),
    ).order_by(*KEY[:-1], F("last_assigned_at").asc(nulls_first=True), "draw", "pk")


def _zero_if(condition: Q) -> Case:
    return Case(When(condition, then=0), default=1)


def _type_rank(price: Any) -> Case | Value:
    """The place of the agent's type in the order that the setting gives to the listing's price band."""
    bands = [band for band in settings.AGENT_TYPE_BANDS if price is not None and price >= band["price_from"]]
    order = max(bands, key=lambda band: band["price_from"])["order"] if bands else []
    whens = [When(agent_type=kind, then=place) for place, kind in enumerate(order)]
    return Case(*whens, default=len(order)) if whens else Value(0)


def candidates(visit: Visit) -> list[Candidate]:
    """Every active agent, in the order in which he would be chosen for a tour."""
    agents = judged(ranked(Agent.objects.filter(is_active=True), Taste.by(visit)), Wanted.by(visit))
    in_order = sorted(((lacks(agent), agent) for agent in agents), key=lambda pair: bool(pair[0]))
    return [
        Candidate(
            agent=agent,
            eligible=not missing,
            reasons=missing,
            load=round(agent.live_visits / (agent.capacity or USUAL_CAPACITY), 2),
            rank=rank,
            explanation=words.of_obstacles(missing) if missing else words.of_key(key_of(agent)),
        )
        for rank, (missing, agent) in enumerate(in_order, 1)
    ]


def choose(
    *, wanted: Wanted, taste: Taste, avoid: Collection[int] = (), leaving: int | None = None
) -> Decision:
    """The best eligible agent, his row locked until the transaction ends; nobody when none is eligible.

    First whoever is not being looked at by somebody else; then a second pass waits for the rest, so
    that nobody stays unassigned while someone is eligible. `leaving` is the agent who loses the visit:
    the two rows are locked in one go, lower id first, which only a pass that waits can do.
    """
    if current := taste.current_agent_id:
        chosen = _hold(current, wanted, leaving) if current not in avoid else None
        if chosen:
            return _decision(chosen, taste)
    if leaving is None and (chosen := _first_unlocked(wanted, taste, avoid)):
        return _decision(chosen, taste)
    return _wait_for_best(wanted, taste, avoid, leaving)


def hold(agent_ids: Collection[int | None]) -> None:
    """Lock agents, waiting, in the order of their ids."""
    ids = [id_ for id_ in agent_ids if id_]
    list(Agent.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def hold_if_eligible(agent_id: int, wanted: Wanted) -> bool:
    """Lock the agent for good if he can take the visit; otherwise let go of him."""
    return _hold(agent_id, wanted, None) is not None


def obstacles(wanted: Wanted) -> list[str]:
    """Why nobody can take the visit: what the agents of the city lack."""
    agents = judged(Agent.objects.filter(is_active=True), wanted)
    found = {reason for missing in map(lacks, agents) if "city" not in missing for reason in missing}
    return [reason for reason in REASONS if reason in found] or ["city"]


def mark_assigned(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(last_assigned_at=clock.now())


def _first_unlocked(wanted: Wanted, taste: Taste, avoid: Collection[int]) -> Agent | None:
    stale = set(avoid)
    while True:
        with transaction.atomic():
            agents = eligible(Agent.objects.exclude(pk__in=stale), wanted)
            agent = (
                ranked(agents, taste).select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
            )
            if agent is None or _still_eligible(agent.pk, wanted):
                return agent
            stale.add(agent.pk)
            transaction.set_rollback(True)  # lets go of his lock


def _wait_for_best(wanted: Wanted, taste: Taste, avoid: Collection[int], leaving: int | None) -> Decision:
    lost = set(avoid)
    while best := ranked(eligible(Agent.objects.exclude(pk__in=lost), wanted), taste).first():
        if agent := _hold(best.pk, wanted, leaving):
            return _decision(agent, taste)
        lost.add(best.pk)
    return Decision(None)


def _hold(agent_id: int, wanted: Wanted, leaving: int | None) -> Agent | None:
    """Wait for the agent's row, then judge him by a new statement: it sees what was committed meanwhile."""
    with transaction.atomic():
        hold({agent_id, leaving})
        if _still_eligible(agent_id, wanted):
            return Agent.objects.get(pk=agent_id)
        transaction.set_rollback(True)
    return None


def _still_eligible(agent_id: int, wanted: Wanted) -> bool:
    return eligible(Agent.objects.filter(pk=agent_id), wanted).exists()


def _decision(agent: Agent, taste: Taste) -> Decision:
    return Decision(agent, key_of(ranked(Agent.objects.filter(pk=agent.pk), taste).get()))


def key_of(agent: Any) -> dict[str, Any]:
    """The key of a ranked agent, as the history keeps it."""
    last = agent.last_assigned_at
    return {**{name: vars(agent)[name] for name in KEY}, "last_assigned_at": last and last.isoformat()}
