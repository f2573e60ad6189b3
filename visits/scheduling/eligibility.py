"""Who is free, and when. One predicate serves slots, the choice of an agent and what staff see.

Instants are aware datetimes; ranges include their start and exclude their end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Case, Exists, ExpressionWrapper, F, Func, OuterRef, Q, Value, When

from agents.models import Agent, serves
from properties.models import Property
from visits.models import Visit


@dataclass(frozen=True)
class Requirements:
    """The time and place for which an agent is requirements, and for whom; what is None does not matter.

    `visit_id` is the visit itself once it exists: it never stands in its own way.
    """

    start: datetime | None = None
    end: datetime | None = None
    city: str | None = None
    property_id: int | None = None
    place: tuple[float, float] | None = None
    seeker_id: int | None = None
    visit_id: int | None = None

    @classmethod
    def for_visit(
        cls, visit: Visit, start: datetime | None = None, end: datetime | None = None
    ) -> "Requirements":
        """For a visit at its own time, or at another one."""
        listing = visit.property
        return cls(
            start=start or visit.scheduled_date,
            end=end or visit.scheduled_end,
            city=listing.city,
            property_id=listing.pk,
            place=coordinates(listing),
            seeker_id=visit.user_id,
            visit_id=visit.pk,
        )

    @property
    def span(self) -> DateTimeTZRange:
        return DateTimeTZRange(self.start, self.end)


def coordinates(listing: Property) -> tuple[float, float] | None:
    """Latitude and longitude, which come together or not at all."""
    if listing.latitude is None or listing.longitude is None:
        return None
    return listing.latitude, listing.longitude


def busy_range(start: datetime, end: datetime) -> DateTimeTZRange:
    """When a visit takes its agent wherever he goes next: until the shortest way is behind him."""
    return DateTimeTZRange(start, end + travel_buffer())


def travel_buffer() -> timedelta:
    return timedelta(minutes=settings.TRAVEL_MINUTES)


class Multirange(models.Field):
    """tstzmultirange, read as psycopg's Multirange."""

    def db_type(self, connection: Any) -> str:
        return "tstzmultirange"


class Operator(Func):
    template = "(%(expressions)s)"
    output_field = models.BooleanField()


class Contains(Operator):
    arg_joiner = " @> "


class Overlaps(Operator):
    arg_joiner = " && "


class Difference(Func):
    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = Multirange()


def _range(span: DateTimeTZRange) -> Value:
    return Value(span, output_field=DateTimeRangeField())


class CalendarFunction(Func):
    """One of the functions that agents/ and visits/migrations define, for each row of agents."""

    output_field = Multirange()


def open_hours(span: DateTimeTZRange) -> CalendarFunction:
    """When an agent's working hours are open; whole within the span, partly around it."""
    return CalendarFunction(F("pk"), F("timezone"), _range(span), function="agent_open_hours")


def time_off(span: DateTimeTZRange) -> CalendarFunction:
    return CalendarFunction(F("pk"), _range(span), function="agent_time_off")


def busy_times(requirements: Requirements) -> CalendarFunction:
    """What the database refuses as well: his visits at other listings, with the shortest way only."""
    return _taken_times(requirements, None)


def unreachable_times(requirements: Requirements) -> CalendarFunction:
    """At work elsewhere, or on the way, however far it is."""
    return _taken_times(requirements, requirements.place)


def _taken_times(requirements: Requirements, place: tuple[float, float] | None) -> CalendarFunction:
    latitude, longitude = place or (None, None)
    given = (
        requirements.property_id,
        requirements.visit_id,
        latitude,
        longitude,
        travel_buffer(),
        settings.TRAVEL_KMH,
    )
    return CalendarFunction(F("pk"), _range(requirements.span), *map(Value, given), function="agent_taken")


def profile_rules(requirements: Requirements) -> dict[str, Q]:
    """What must hold of an agent whatever the hour, by the name of what is missing otherwise."""
    own = Visit.objects.live().filter(pk=requirements.visit_id or 0, agent=OuterRef("pk"))
    already = Case(When(Exists(own), then=1), default=0) if requirements.visit_id else Value(0)
    return {
        "inactive": Q(is_active=True),
        "unavailable": Q(is_available=True),
        "city": serves(requirements.city) if requirements.city else Q(),
        "capacity": Q(capacity__isnull=True) | Q(live_visits__lt=F("capacity") + already),
        "own_visit": Q(user__isnull=True) | ~Q(user=requirements.seeker_id)
        if requirements.seeker_id
        else Q(),
    }


def calendar_rules(requirements: Requirements) -> dict[str, Q]:
    """What must hold of an agent at the hour. Costly: `standing` is for narrowing down first."""
    if requirements.start is None:
        return {}
    span = requirements.span
    return {
        "time_off": ~Q(Overlaps(time_off(span), _range(span))),
        "travel": ~Q(Overlaps(unreachable_times(requirements), _range(span))),
        "hours": Q(Contains(open_hours(span), _range(span))),
    }


REASONS = ("inactive", "unavailable", "city", "hours", "time_off", "capacity", "busy", "travel", "own_visit")


def eligible(agents: "models.QuerySet[Agent]", requirements: Requirements) -> "models.QuerySet[Agent]":
    """The one predicate: who can take a visit."""
    return matching_calendar(matching_profile(agents, requirements), requirements)


def matching_profile(
    agents: "models.QuerySet[Agent]", requirements: Requirements
) -> "models.QuerySet[Agent]":
    return agents.filter(*(rule for rule in profile_rules(requirements).values() if rule))


def matching_calendar(
    agents: "models.QuerySet[Agent]", requirements: Requirements
) -> "models.QuerySet[Agent]":
    return agents.filter(*calendar_rules(requirements).values())


def with_eligibility(
    agents: "models.QuerySet[Agent]", requirements: Requirements
) -> "models.QuerySet[Agent]":
    """Annotate each agent with what `lacks` reads."""
    rules = {**profile_rules(requirements), **calendar_rules(requirements)}
    if requirements.start:
        rules["busy"] = ~Q(Overlaps(busy_times(requirements), _range(requirements.span)))
    return agents.annotate(
        **{
            f"fits_{name}": ExpressionWrapper(rule or Q(pk__isnull=False), models.BooleanField())
            for name, rule in rules.items()
        }
    )


def ineligibility_reasons(agent: Any) -> list[str]:
    """What makes a judged agent ineligible; an empty list when nothing does."""
    missing = [name for name in REASONS if not vars(agent).get(f"fits_{name}", True)]
    return [name for name in missing if name != "travel" or "busy" not in missing]
