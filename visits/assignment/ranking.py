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

DEFAULT_CAPACITY = 50
# Up to this share of his capacity an agent's load does not count against him; above, in steps.
UNCOUNTED_LOAD_TENTHS = 5
# What of the key is the same for all among whom a choice is fair.
RANK_PARTS = ("not_current", "foreign_language", "type_rank")
COMPUTED_PARTS = (*RANK_PARTS, "load_band", "ahead", "load")
KEY_PARTS = (*COMPUTED_PARTS, "last_assigned_at")


@dataclass(frozen=True)
class Preferences:
    """What of the seeker and the listing makes one agent better than another."""

    seed: str
    current_agent_id: int | None = None
    languages: tuple[str, ...] = ()
    price: Any = None

    @classmethod
    def for_seeker(cls, seeker: User, listing: Property | None, seed: str) -> "Preferences":
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
    def for_visit(cls, visit: Visit) -> "Preferences":
        seed = f"{visit.user_id}:{visit.property_id}:{visit.scheduled_date.isoformat()}:"
        return cls.for_seeker(visit.user, visit.property, seed)


class _Hash(Func):
    """A number's or (by hashtextextended) a text's 64-bit hash, with a seed that is a number."""

    function = "hashint8extended"
    output_field = models.BigIntegerField()


def ranked(agents: "models.QuerySet[Agent]", preferences: Preferences) -> "models.QuerySet[Agent]":
    """The agents by their key, best first. The order is total and can be replayed from `preferences`."""
    capacity = Coalesce(F("capacity"), Value(DEFAULT_CAPACITY))
    return agents.annotate(
        **rank_expressions(preferences),
        load_band=Greatest(F("live_visits") * 10 / capacity - UNCOUNTED_LOAD_TENTHS, 0),
        ahead=Cast(Floor(F("times_chosen") - F("chances")), models.IntegerField()),
        load=F("live_visits") * 100 / capacity,
        draw=_Hash(F("pk"), _Hash(Value(preferences.seed), Value(0), function="hashtextextended")),
    ).order_by(*COMPUTED_PARTS, F("last_assigned_at").asc(nulls_first=True), "draw", "pk")


def rank_expressions(preferences: Preferences) -> dict[str, Any]:
    """The first parts of the key: chances count among those who are equal in them."""
    speaks = Q(languages__overlap=list(preferences.languages))
    return {
        "not_current": _zero_if(Q(pk=preferences.current_agent_id))
        if preferences.current_agent_id
        else Value(1),
        "foreign_language": _zero_if(speaks) if preferences.languages else Value(0),
        "type_rank": _type_rank(preferences.price),
    }


def ranking_key(agent: Any) -> dict[str, Any]:
    """The key of a ranked agent, as the history keeps it: each part is better the smaller it is."""
    last = agent.last_assigned_at
    return {
        **{name: vars(agent)[name] for name in COMPUTED_PARTS},
        "last_assigned_at": last and last.isoformat(),
    }


def _zero_if(condition: Q) -> Case:
    return Case(When(condition, then=0), default=1)


def _type_rank(price: Any) -> Case | Value:
    """The place of the agent's type in the order that the setting gives to the listing's price band."""
    bands = [band for band in settings.AGENT_TYPE_BANDS if price is not None and price >= band["price_from"]]
    order = max(bands, key=lambda band: band["price_from"])["order"] if bands else []
    whens = [When(agent_type=kind, then=place) for place, kind in enumerate(order)]
    return Case(*whens, default=len(order)) if whens else Value(0)
