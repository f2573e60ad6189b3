"""The order in which agents are chosen; docs/assignment.md explains the key."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Floor, Greatest

from agents.models import Agent, AgentQuerySet, Engagement
from ghar.accounts.models import User
from properties.models import Property
from visits.models import Visit

DEFAULT_CAPACITY = 50
# Up to five tenths of their capacity an agent's load doesn't count; above, each tenth is a step.
UNCOUNTED_LOAD_TENTHS = 5
# The parts of the key in which agents have to be equal for a choice among them to count as fair.
RANK_PARTS = ("not_current", "foreign_language", "type_rank")
COMPUTED_PARTS = (*RANK_PARTS, "load_band", "surplus", "load")
# The whole key. The order is total and can be replayed.
RANK_ORDER = (*COMPUTED_PARTS, F("last_assigned_at").asc(nulls_first=True), "draw", "pk")


@dataclass(frozen=True)
class Preferences:
    """A seeker's and a listing's reasons to prefer one agent to another; `seed` settles ties."""

    seed: str
    current_agent_id: int | None = None
    languages: tuple[str, ...] = ()
    price: Decimal | None = None

    @classmethod
    def for_seeker(cls, seeker: User, listing: Property | None, seed: str) -> "Preferences":
        engagements = Engagement.objects.open().filter(seeker=seeker)
        return cls._of(seeker, listing, seed, engagements.values_list("agent_id", flat=True).first())

    @classmethod
    def for_visit(cls, visit: Visit) -> "Preferences":
        return cls.for_seeker(visit.user, visit.property, _seed(visit))

    @classmethod
    def for_visits(cls, visits: Collection[Visit]) -> dict[int, "Preferences"]:
        """Return the preferences for each visit by its id, by one query however many there are."""
        engagements = Engagement.objects.open().filter(seeker__in={visit.user_id for visit in visits})
        agents = dict(engagements.values_list("seeker_id", "agent_id"))
        return {
            visit.pk: cls._of(visit.user, visit.property, _seed(visit), agents.get(visit.user_id))
            for visit in visits
        }

    @classmethod
    def _of(cls, seeker: User, listing: Property | None, seed: str, agent_id: int | None) -> "Preferences":
        return cls(
            seed=seed,
            current_agent_id=agent_id,
            languages=tuple(seeker.preferred_languages),
            price=listing.base_price if listing else None,
        )


def _seed(visit: Visit) -> str:
    return f"{visit.user_id}:{visit.property_id}:{visit.scheduled_date.isoformat()}:"


class _Hash(Func):
    """The 64-bit hash of a number or (by hashtextextended) of a text, with a numeric seed."""

    function = "hashint8extended"
    output_field = models.BigIntegerField()


def ranked(agents: AgentQuerySet, preferences: Preferences) -> AgentQuerySet:
    """Return the agents by their key, best first."""
    capacity = Coalesce(F("capacity"), Value(DEFAULT_CAPACITY))
    return agents.annotate(
        **rank_expressions(preferences),
        load_band=Greatest(F("live_visits") * 10 / capacity - UNCOUNTED_LOAD_TENTHS, 0),
        # Whole visits: a part of a visit must not decide before the load does.
        surplus=Cast(Floor(F("assignments_won") - F("expected_share")), models.IntegerField()),
        load=F("live_visits") * 100 / capacity,
        # Ties are settled by lot, in another order for each visit: else the lowest ids would always win.
        draw=_Hash(F("pk"), _Hash(Value(preferences.seed), Value(0), function="hashtextextended")),
    ).order_by(*RANK_ORDER)


def rank_expressions(preferences: Preferences) -> dict[str, Case | Value]:
    """Return the expressions of RANK_PARTS."""
    current, languages, price = preferences.current_agent_id, list(preferences.languages), preferences.price
    # The band of the highest price that the listing reaches orders the types; types it doesn't name are last.
    bands = [band for band in settings.AGENT_TYPE_BANDS if price is not None and price >= band["price_from"]]
    order = max(bands, key=lambda band: band["price_from"])["order"] if bands else []
    whens = [When(agent_type=kind, then=place) for place, kind in enumerate(order)]
    return {
        "not_current": _zero_if(Q(pk=current)) if current else Value(1),
        "foreign_language": _zero_if(Q(languages__overlap=languages)) if languages else Value(0),
        "type_rank": Case(*whens, default=len(order)) if whens else Value(0),
    }


def ranking_key(agent: Agent) -> dict[str, Any]:
    """Return the key of a ranked agent as the history keeps it: the smaller a part, the better."""
    last = agent.last_assigned_at
    return {
        **{name: vars(agent)[name] for name in COMPUTED_PARTS},
        "last_assigned_at": last and last.isoformat(),
    }


def _zero_if(condition: Q) -> Case:
    return Case(When(condition, then=0), default=1)
