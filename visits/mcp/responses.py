"""Results of the tools for visits: REST's shapes with local times and a summary, and suggestions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest
from rest_framework import serializers

from ghar.api.renderers import number
from ghar.mcp.refusals import NEXT_STEP, SUGGESTIONS
from ghar.mcp.times import local_isoformat, time_text
from properties.errors import PropertyUnavailable
from properties.models import Property
from visits.api.serializers import SlotSerializer, VisitSerializer
from visits.assignment import candidates
from visits.models import Visit
from visits.scheduling.errors import AgentNotEligible, VisitConflict
from visits.scheduling.slots import Slot

MAX_SUGGESTIONS = 3


class LocalTimeField(serializers.CharField):
    """A moment of a visit as local time of its listing."""

    def __init__(self, moment: str) -> None:
        super().__init__(source="*", read_only=True, help_text="With the offset there.")
        self.moment = moment

    def to_representation(self, value: Any) -> str:
        return local_isoformat(getattr(value, self.moment), value.property.timezone)


class LocalTimesSerializer(serializers.Serializer[Visit]):
    timezone = serializers.CharField(source="property.timezone")
    scheduled_date = LocalTimeField("scheduled_date")
    scheduled_end = LocalTimeField("scheduled_end")


class VisitResponse(VisitSerializer):
    """REST's visit, with its times as local times of the listing."""

    OUTLINE = VisitSerializer.OUTLINE | {"local"}

    local = LocalTimesSerializer(source="*")

    class Meta(VisitSerializer.Meta):
        fields = [*VisitSerializer.Meta.fields, "local"]
        read_only_fields = fields


class ChangeResponse(VisitResponse):
    """The visit after a call that may have changed it."""

    OUTLINE = VisitResponse.OUTLINE | {"changed", "summary"}

    changed = serializers.BooleanField(help_text="Whether this call changed anything.")
    summary = serializers.CharField(help_text="The result in a sentence for the user.")

    class Meta(VisitResponse.Meta):
        fields = [*VisitResponse.Meta.fields, "changed", "summary"]
        read_only_fields = fields


class SlotResponse(SlotSerializer):
    local_start = serializers.CharField(help_text="The start as local time of the listing.")


class SlotsResponse(serializers.Serializer[Any]):
    timezone = serializers.CharField()
    items = SlotResponse(many=True)


def visit_json(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    """Return the visit as it is now.

    It is read without regard to who may see it: users see the result of their own change, even when they
    have given the visit away by it.
    """
    fresh = Visit.objects.for_reading().get(pk=visit.pk)
    return VisitResponse(fresh, context={"request": request}).data


def change_json(visit: dict[str, Any], *, changed: bool, summary: str) -> dict[str, Any]:
    return {**visit, "changed": changed, "summary": summary}


def slots_json(listing: Property, slots: list[Slot]) -> dict[str, Any]:
    items = [
        {
            "start": slot.start,
            "end": slot.end,
            "agents_free": slot.agents_free,
            "local_start": local_isoformat(slot.start, listing.timezone),
        }
        for slot in slots
    ]
    return {"timezone": listing.timezone, "items": items}


def visit_time_text(visit: Visit) -> str:
    return time_text(visit.scheduled_date, visit.property.timezone)


def status_sentences(visit: Visit) -> str:
    """Return who shows the visit, and who still has to confirm it."""
    agent = f"{visit.agent.name} will show it." if visit.agent else ""
    if visit.lacks_agent():
        agent = "No agent shows it yet: it waits until one is assigned. Tell the user so."
    return f"{agent} It waits for the {visit.awaiting} to confirm it.".strip() if visit.awaiting else agent


@contextmanager
def add_suggestions(listing: Property, visit: Visit | None = None) -> Iterator[None]:
    """Add to a refusal what the assistant can try instead: free times, similar listings, eligible agents."""
    try:
        yield
    except VisitConflict as error:
        free = [time_text(slot["start"], listing.timezone) for slot in error.extra["alternatives"]]
        error.extra[SUGGESTIONS] = free
        if not free:
            error.extra[NEXT_STEP] = "Get free times of other days from visits_slots, or try the same again."
        raise
    except PropertyUnavailable as error:
        similar = [property_text(other) for other in Property.objects.similar_to(listing)[:MAX_SUGGESTIONS]]
        error.extra[SUGGESTIONS] = similar
        if not similar:
            error.extra[NEXT_STEP] = "Find another listing with properties_search."
        raise
    except AgentNotEligible as error:
        ranked = candidates.rank_candidates(visit) if visit else []
        eligible = [candidate for candidate in ranked if candidate.eligible]
        error.extra[SUGGESTIONS] = [
            f"agent {candidate.agent.pk}: {candidate.agent.name}. {candidate.explanation}"
            for candidate in eligible[:MAX_SUGGESTIONS]
        ]
        if not eligible:
            error.extra[NEXT_STEP] = (
                "No agent can take this visit at its time. Leave it in the queue, or reschedule it."
            )
        raise


def property_text(listing: Property) -> str:
    place = ", ".join(filter(None, (listing.locality, listing.city)))
    return f"property_id {listing.pk}: {listing.title}, {place}, {number(listing.base_price)}"
