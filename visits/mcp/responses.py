"""How visits are told to assistants: REST's shapes with local times, summaries, and what to offer instead."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest
from rest_framework import serializers

from ghar.api.renderers import number
from ghar.mcp.refusals import NEXT, OFFERS
from ghar.mcp.times import local_iso, spoken_time
from properties.errors import PropertyUnavailable
from properties.models import Property
from visits.api.serializers import SlotSerializer, VisitSerializer
from visits.assignment import candidates
from visits.errors import AgentNotEligible, VisitConflict
from visits.models import Visit
from visits.scheduling.slots import Slot

MAX_SUGGESTIONS = 3


class LocalMoment(serializers.CharField):
    """A moment of a visit, by the clocks at its listing."""

    def __init__(self, moment: str) -> None:
        super().__init__(source="*", read_only=True, help_text="With the offset there.")
        self.moment = moment

    def to_representation(self, value: Any) -> str:
        return local_iso(getattr(value, self.moment), value.property.timezone)


class LocalTimesSerializer(serializers.Serializer[Visit]):
    timezone = serializers.CharField(source="property.timezone")
    scheduled_date = LocalMoment("scheduled_date")
    scheduled_end = LocalMoment("scheduled_end")


class VisitResponse(VisitSerializer):
    """REST's visit, and its times as they are at the listing."""

    local = LocalTimesSerializer(source="*")

    class Meta(VisitSerializer.Meta):
        fields = [*VisitSerializer.Meta.fields, "local"]
        read_only_fields = fields


class ChangeResponse(VisitResponse):
    """… after a call that was to change it."""

    changed = serializers.BooleanField(help_text="Whether this call changed anything.")
    summary = serializers.CharField(help_text="What was done, to be told to the user.")

    class Meta(VisitResponse.Meta):
        fields = [*VisitResponse.Meta.fields, "changed", "summary"]
        read_only_fields = fields


class SlotResponse(SlotSerializer):
    local_start = serializers.CharField(help_text="The start by the clocks there.")


class SlotsResponse(serializers.Serializer[Any]):
    timezone = serializers.CharField()
    items = SlotResponse(many=True)


def visit_json(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    """The visit as it is now, also for who has just lost it."""
    fresh = Visit.objects.for_reading().get(pk=visit.pk)
    return VisitResponse(fresh, context={"request": request}).data


def change_json(visit: dict[str, Any], *, changed: bool, summary: str) -> dict[str, Any]:
    return {**visit, "changed": changed, "summary": summary}


def slots_json(listing: Property, found: list[Slot]) -> dict[str, Any]:
    items = [
        {
            "start": slot.start,
            "end": slot.end,
            "agents_free": slot.agents_free,
            "local_start": local_iso(slot.start, listing.timezone),
        }
        for slot in found
    ]
    return {"timezone": listing.timezone, "items": items}


def local_time_text(visit: Visit) -> str:
    return spoken_time(visit.scheduled_date, visit.property.timezone)


def agent_sentence(visit: Visit) -> str:
    return (
        f"{visit.agent.name} will show it." if visit.agent else "It has no agent yet: the agency sees to it."
    )


def awaiting_sentence(visit: Visit) -> str:
    return f"It waits for the {visit.awaiting} to confirm it." if visit.awaiting else ""


@contextmanager
def add_suggestions(listing: Property, visit: Visit | None = None) -> Iterator[None]:
    """Say what else there is: free times, similar listings, agents who can."""
    try:
        yield
    except VisitConflict as error:
        _suggest(
            error, [spoken_time(slot["start"], listing.timezone) for slot in error.extra["alternatives"]]
        )
        if not error.extra[OFFERS]:
            error.extra[NEXT] = "Ask visits_slots for free times of other days, or try the same again."
        raise
    except PropertyUnavailable as error:
        _suggest(
            error, [property_line(other) for other in Property.objects.similar_to(listing)[:MAX_SUGGESTIONS]]
        )
        if not error.extra[OFFERS]:
            error.extra[NEXT] = "Look for another listing with properties_search."
        raise
    except AgentNotEligible as error:
        able = [one for one in candidates.rank_candidates(visit) if one.eligible] if visit else []
        _suggest(
            error,
            [
                f"agent_id {one.agent.pk}: {one.agent.name}. {one.explanation}"
                for one in able[:MAX_SUGGESTIONS]
            ],
        )
        if not able:
            error.extra[NEXT] = "Nobody can take this visit at its time: it stays in the queue, or is moved."
        raise


def _suggest(error: VisitConflict | PropertyUnavailable | AgentNotEligible, what: list[str]) -> None:
    error.extra[OFFERS] = what


def property_line(listing: Property) -> str:
    place = ", ".join(filter(None, (listing.locality, listing.city)))
    return f"property_id {listing.pk}: {listing.title}, {place}, {number(listing.base_price)}"
