"""The order in which agents are chosen, and why: design of the key in docs/assignment.md."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Floor, Greatest

from agents.models import Agent, Engagement
from ghar.accounts.models import User
from properties.models import Property
from visits.models import Visit

USUAL_CAPACITY = 50
# Up to this share of his capacity an agent's load does not count against him; above, in steps.
EASY_TENTHS = 5
# What of the key is the same for all among whom a choice is fair.
RANKS = ("not_current", "foreign_language", "type_rank")
COMPUTED = (*RANKS, "load_band", "ahead", "load")
KEY = (*COMPUTED, "last_assigned_at")


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


class _Hash(Func):
    """A number's or (by hashtextextended) a text's 64-bit hash, with a seed that is a number."""

    function = "hashint8extended"
    output_field = models.BigIntegerField()


def ranked(agents: "models.QuerySet[Agent]", taste: Taste) -> "models.QuerySet[Agent]":
    """The agents by their key, best first. The order is total and can be replayed from `taste`."""
    capacity = Coalesce(F("capacity"), Value(USUAL_CAPACITY))
    return agents.annotate(
        **ranks(taste),
        load_band=Greatest(F("live_visits") * 10 / capacity - EASY_TENTHS, 0),
        ahead=Cast(Floor(F("assignments_won") - F("expected_share")), models.IntegerField()),
        load=F("live_visits") * 100 / capacity,
        draw=_Hash(F("pk"), _Hash(Value(taste.seed), Value(0), function="hashtextextended")),
    ).order_by(*COMPUTED, F("last_assigned_at").asc(nulls_first=True), "draw", "pk")


def ranks(taste: Taste) -> dict[str, Any]:
    """The first parts of the key: chances count among those who are equal in them."""
    speaks = Q(languages__overlap=list(taste.languages))
    return {
        "not_current": _zero_if(Q(pk=taste.current_agent_id)) if taste.current_agent_id else Value(1),
        "foreign_language": _zero_if(speaks) if taste.languages else Value(0),
        "type_rank": _type_rank(taste.price),
    }


def key_of(agent: Any) -> dict[str, Any]:
    """The key of a ranked agent, as the history keeps it: each part is better the smaller it is."""
    last = agent.last_assigned_at
    return {**{name: vars(agent)[name] for name in COMPUTED}, "last_assigned_at": last and last.isoformat()}


def _zero_if(condition: Q) -> Case:
    return Case(When(condition, then=0), default=1)


def _type_rank(price: Any) -> Case | Value:
    """The place of the agent's type in the order that the setting gives to the listing's price band."""
    bands = [band for band in settings.AGENT_TYPE_BANDS if price is not None and price >= band["price_from"]]
    order = max(bands, key=lambda band: band["price_from"])["order"] if bands else []
    whens = [When(agent_type=kind, then=place) for place, kind in enumerate(order)]
    return Case(*whens, default=len(order)) if whens else Value(0)
