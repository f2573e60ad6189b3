"""How visits are told to assistants: REST's shapes with local times, summaries, and what to offer instead."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest
from rest_framework import serializers

from ghar.api.renderers import number
from ghar.errors import AgentNotEligible, PropertyUnavailable, VisitConflict
from ghar.mcp.refusals import NEXT, OFFERS
from ghar.mcp.times import in_words, local
from properties.models import Property
from visits import assignment
from visits.availability import Slot
from visits.models import Visit
from visits.serializers import SlotSerializer, VisitSerializer

OFFERED = 3


class LocalMoment(serializers.CharField):
    """A moment of a visit, by the clocks at its listing."""

    def __init__(self, moment: str) -> None:
        super().__init__(source="*", read_only=True, help_text="With the offset there.")
        self.moment = moment

    def to_representation(self, value: Any) -> str:
        return local(getattr(value, self.moment), value.property.timezone)


class LocalTimesSerializer(serializers.Serializer[Visit]):
    timezone = serializers.CharField(source="property.timezone")
    scheduled_date = LocalMoment("scheduled_date")
    scheduled_end = LocalMoment("scheduled_end")


class VisitAnswer(VisitSerializer):
    """REST's visit, and its times as they are at the listing."""

    local = LocalTimesSerializer(source="*")

    class Meta(VisitSerializer.Meta):
        fields = [*VisitSerializer.Meta.fields, "local"]
        read_only_fields = fields


class ChangeAnswer(VisitAnswer):
    """… after a call that was to change it."""

    changed = serializers.BooleanField(help_text="Whether this call changed anything.")
    summary = serializers.CharField(help_text="What was done, to be told to the user.")

    class Meta(VisitAnswer.Meta):
        fields = [*VisitAnswer.Meta.fields, "changed", "summary"]
        read_only_fields = fields


class SlotAnswer(SlotSerializer):
    local_start = serializers.CharField(help_text="The start by the clocks there.")


class SlotsAnswer(serializers.Serializer[Any]):
    timezone = serializers.CharField()
    items = SlotAnswer(many=True)


def shown(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    """The visit as it is now, also for who has just lost it."""
    fresh = Visit.objects.for_reading().get(pk=visit.pk)
    return VisitAnswer(fresh, context={"request": request}).data


def told(visit: dict[str, Any], *, changed: bool, summary: str) -> dict[str, Any]:
    return {**visit, "changed": changed, "summary": summary}


def slots_shown(listing: Property, found: list[Slot]) -> dict[str, Any]:
    items = [
        {
            "start": slot.start,
            "end": slot.end,
            "agents_free": slot.agents_free,
            "local_start": local(slot.start, listing.timezone),
        }
        for slot in found
    ]
    return {"timezone": listing.timezone, "items": items}


def when(visit: Visit) -> str:
    return in_words(visit.scheduled_date, visit.property.timezone)


def agent_in_words(visit: Visit) -> str:
    return (
        f"{visit.agent.name} will show it." if visit.agent else "It has no agent yet: the agency sees to it."
    )


def awaited_in_words(visit: Visit) -> str:
    return f"It waits for the {visit.awaiting} to confirm it." if visit.awaiting else ""


@contextmanager
def offers(listing: Property, visit: Visit | None = None) -> Iterator[None]:
    """Say what else there is: free times, similar listings, agents who can."""
    try:
        yield
    except VisitConflict as error:
        offer(error, [in_words(slot["start"], listing.timezone) for slot in error.extra["alternatives"]])
        if not error.extra[OFFERS]:
            error.extra[NEXT] = "Ask visits_slots for free times of other days, or try the same again."
        raise
    except PropertyUnavailable as error:
        offer(error, [described(other) for other in Property.objects.similar_to(listing)[:OFFERED]])
        if not error.extra[OFFERS]:
            error.extra[NEXT] = "Look for another listing with properties_search."
        raise
    except AgentNotEligible as error:
        able = [one for one in assignment.candidates(visit) if one.eligible] if visit else []
        offer(
            error, [f"agent_id {one.agent.pk}: {one.agent.name}. {one.explanation}" for one in able[:OFFERED]]
        )
        if not able:
            error.extra[NEXT] = "Nobody can take this visit at its time: it stays in the queue, or is moved."
        raise


def offer(error: VisitConflict | PropertyUnavailable | AgentNotEligible, what: list[str]) -> None:
    error.extra[OFFERS] = what


def described(listing: Property) -> str:
    place = ", ".join(filter(None, (listing.locality, listing.city)))
    return f"property_id {listing.pk}: {listing.title}, {place}, {number(listing.base_price)}"
