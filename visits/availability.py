"""Who is free, and when. One predicate serves slots, the choice of an agent and what staff see.

Instants are aware datetimes; ranges include their start and exclude their end.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Case, Exists, ExpressionWrapper, F, Func, OuterRef, Q, Value, When

from agents.models import USUAL_HOURS, Agent, serves
from ghar import clock
from properties.models import Property
from visits.models import Visit

GRID = timedelta(minutes=15)
ALTERNATIVES = 5
ALTERNATIVE_DAYS = 7
DAYTIME = (time(9), time(19))


@dataclass(frozen=True)
class Wanted:
    """The time and place for which an agent is wanted, and for whom; what is None does not matter.

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
    def by(cls, visit: Visit, start: datetime | None = None, end: datetime | None = None) -> "Wanted":
        """For a visit at its own time, or at another one."""
        listing = visit.property
        return cls(
            start=start or visit.scheduled_date,
            end=end or visit.scheduled_end,
            city=listing.city,
            property_id=listing.pk,
            place=place_of(listing),
            seeker_id=visit.user_id,
            visit_id=visit.pk,
        )

    @property
    def span(self) -> DateTimeTZRange:
        return DateTimeTZRange(self.start, self.end)


@dataclass(frozen=True)
class Slot:
    start: datetime
    end: datetime
    agents_free: int


def place_of(listing: Property) -> tuple[float, float] | None:
    """Latitude and longitude, which come together or not at all."""
    if listing.latitude is None or listing.longitude is None:
        return None
    return listing.latitude, listing.longitude


def busy_range(start: datetime, end: datetime) -> DateTimeTZRange:
    """When a visit takes its agent wherever he goes next: until the shortest way is behind him."""
    return DateTimeTZRange(start, end + shortest_way())


def shortest_way() -> timedelta:
    return timedelta(minutes=settings.TRAVEL_MINUTES)


class Multirange(models.Field):
    """tstzmultirange, read as psycopg's Multirange."""

    def db_type(self, connection: Any) -> str:
        return "tstzmultirange"


class Operator(Func):
    template = "(%(expressions)s)"
    output_field = models.BooleanField()


class Covers(Operator):
    arg_joiner = " @> "


class Meets(Operator):
    arg_joiner = " && "


class Minus(Func):
    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = Multirange()


def _range(span: DateTimeTZRange) -> Value:
    return Value(span, output_field=DateTimeRangeField())


class Calendar(Func):
    """One of the functions of agents/sql and visits/sql, for each row of agents."""

    output_field = Multirange()


def open_hours(span: DateTimeTZRange) -> Calendar:
    """When an agent's working hours are open; whole within the span, partly around it."""
    usual = map(Value, USUAL_HOURS)
    return Calendar(F("pk"), F("timezone"), _range(span), *usual, function="agent_open_hours")


def time_off(span: DateTimeTZRange) -> Calendar:
    return Calendar(F("pk"), _range(span), function="agent_time_off")


def at_work_elsewhere(wanted: Wanted) -> Calendar:
    """What the database refuses as well: his visits at other listings, with the shortest way only."""
    return _taken(wanted, None)


def out_of_reach(wanted: Wanted) -> Calendar:
    """At work elsewhere, or on the way, however far it is."""
    return _taken(wanted, wanted.place)


def _taken(wanted: Wanted, place: tuple[float, float] | None) -> Calendar:
    latitude, longitude = place or (None, None)
    given = (wanted.property_id, wanted.visit_id, latitude, longitude, shortest_way(), settings.TRAVEL_KMH)
    return Calendar(F("pk"), _range(wanted.span), *map(Value, given), function="agent_taken")


def standing(wanted: Wanted) -> dict[str, Q]:
    """What must hold of an agent whatever the hour, by the name of what is missing otherwise."""
    own = Visit.objects.live().filter(pk=wanted.visit_id or 0, agent=OuterRef("pk"))
    already = Case(When(Exists(own), then=1), default=0) if wanted.visit_id else Value(0)
    return {
        "inactive": Q(is_active=True),
        "unavailable": Q(is_available=True),
        "city": serves(wanted.city) if wanted.city else Q(),
        "capacity": Q(capacity__isnull=True) | Q(live_visits__lt=F("capacity") + already),
        "own_visit": Q(user__isnull=True) | ~Q(user=wanted.seeker_id) if wanted.seeker_id else Q(),
    }


def calendar(wanted: Wanted) -> dict[str, Q]:
    """What must hold of an agent at the hour. Costly: `standing` is for narrowing down first."""
    if wanted.start is None:
        return {}
    span = wanted.span
    return {
        "time_off": ~Q(Meets(time_off(span), _range(span))),
        "travel": ~Q(Meets(out_of_reach(wanted), _range(span))),
        "hours": Q(Covers(open_hours(span), _range(span))),
    }


REASONS = ("inactive", "unavailable", "city", "hours", "time_off", "capacity", "busy", "travel", "own_visit")


def eligible(agents: "models.QuerySet[Agent]", wanted: Wanted) -> "models.QuerySet[Agent]":
    """The one predicate: who can take a visit."""
    return in_calendar(in_standing(agents, wanted), wanted)


def in_standing(agents: "models.QuerySet[Agent]", wanted: Wanted) -> "models.QuerySet[Agent]":
    return agents.filter(*(rule for rule in standing(wanted).values() if rule))


def in_calendar(agents: "models.QuerySet[Agent]", wanted: Wanted) -> "models.QuerySet[Agent]":
    return agents.filter(*calendar(wanted).values())


def judged(agents: "models.QuerySet[Agent]", wanted: Wanted) -> "models.QuerySet[Agent]":
    """Annotate each agent with what `lacks` reads."""
    rules = {**standing(wanted), **calendar(wanted)}
    if wanted.start:
        rules["busy"] = ~Q(Meets(at_work_elsewhere(wanted), _range(wanted.span)))
    return agents.annotate(
        **{
            f"fits_{name}": ExpressionWrapper(rule or Q(pk__isnull=False), models.BooleanField())
            for name, rule in rules.items()
        }
    )


def lacks(agent: Any) -> list[str]:
    """What makes a judged agent ineligible; an empty list when nothing does."""
    missing = [name for name in REASONS if not vars(agent).get(f"fits_{name}", True)]
    return [name for name in missing if name != "travel" or "busy" not in missing]


def local_days(zone: str, first: date, last: date) -> DateTimeTZRange:
    """From midnight of `first` to midnight after `last`, both dates of that zone."""
    tz = ZoneInfo(zone)
    return DateTimeTZRange(
        datetime.combine(first, time(), tz).astimezone(UTC),
        datetime.combine(last + timedelta(days=1), time(), tz).astimezone(UTC),
    )


def bookable(span: DateTimeTZRange) -> DateTimeTZRange:
    """The part of a span in which a visit may start now."""
    now = clock.now()
    first = max(span.lower, now + timedelta(minutes=1))
    last = min(span.upper, now + timedelta(days=settings.HORIZON_DAYS))
    return DateTimeTZRange(first, max(first, last))


def grid(span: DateTimeTZRange) -> Iterator[datetime]:
    """Every quarter of an hour in a span; the offsets of all zones are whole quarters."""
    step = GRID.total_seconds()
    start = datetime.fromtimestamp(-(-span.lower.timestamp() // step) * step, UTC)
    while start < span.upper:
        yield start
        start += GRID


def slots(
    *, property: Property, seeker: Any, span: DateTimeTZRange, minutes: int, language: str | None = None
) -> list[Slot]:
    """The bookable times of a tour in `span` at which at least one agent is free."""
    if not property.takes_visits() or property.owner_id == seeker.pk:
        return []
    listing = Visit(property=property, user=seeker, exclusive=property.exclusive_tours)
    return _with_agents(listing, bookable(span), timedelta(minutes=minutes), language)


def alternatives(visit: Visit) -> list[dict[str, datetime]]:
    """The free times nearest to the one that an (unsaved) visit cannot have, in order of time."""
    length = visit.scheduled_end - visit.scheduled_date
    zone = ZoneInfo(visit.property.timezone)
    day = visit.scheduled_date.astimezone(zone).date()
    span = bookable(local_days(visit.property.timezone, day, day + timedelta(days=ALTERNATIVE_DAYS)))
    found = _with_agents(visit, span, length) if visit.is_tour() else []
    starts = [slot.start for slot in found] or [
        start
        for start in _free_starts(visit, grid(span), span, length)
        if DAYTIME[0] <= start.astimezone(zone).time() < DAYTIME[1]
    ]
    nearest = sorted(starts, key=lambda start: abs(start - visit.scheduled_date))[:ALTERNATIVES]
    return [{"start": start, "end": start + length} for start in sorted(nearest)]


def _with_agents(
    visit: Visit, span: DateTimeTZRange, length: timedelta, language: str | None = None
) -> list[Slot]:
    free: Counter[datetime] = Counter()
    for windows in _windows(visit, span, length, language):
        free.update(set(_starts_in(windows, span, length)))
    return [
        Slot(start, start + length, free[start]) for start in _free_starts(visit, sorted(free), span, length)
    ]


def _windows(
    visit: Visit, span: DateTimeTZRange, length: timedelta, language: str | None
) -> Iterable[Iterable[DateTimeTZRange]]:
    """For each agent who may show the listing, the times at which he could."""
    wanted = Wanted.by(visit, span.lower, span.upper + length)
    agents = in_standing(Agent.objects.all(), wanted)
    if language:
        agents = agents.filter(languages__contains=[language])
    windows = Minus(open_hours(wanted.span), time_off(wanted.span), out_of_reach(wanted))
    return agents.order_by("pk").values_list(windows, flat=True)


def _starts_in(
    windows: Iterable[DateTimeTZRange], span: DateTimeTZRange, length: timedelta
) -> Iterator[datetime]:
    for window in windows:
        latest = window.upper - length + timedelta(microseconds=1)
        lower, upper = max(window.lower, span.lower), min(latest, span.upper)
        if lower < upper:
            yield from grid(DateTimeTZRange(lower, upper))


def _free_starts(
    visit: Visit, starts: Iterable[datetime], span: DateTimeTZRange, length: timedelta
) -> Iterator[datetime]:
    """Those starts at which the visit's people and its listing are free."""
    blocks = list(
        blocking(visit, span.lower, span.upper + length).values_list("scheduled_date", "scheduled_end")
    )
    for start in starts:
        if not any(begins < start + length and ends > start for begins, ends in blocks):
            yield start


def blocking(visit: Visit, start: datetime, end: datetime) -> "models.QuerySet[Visit]":
    """Live visits that keep an (unsaved) visit from [start, end): of its people, or at its listing."""
    others = Visit.objects.live().during(start, end).exclude(pk=visit.pk)
    return others.filter(of_people(visit) | at_exclusive_listing(visit))


def of_people(visit: Visit) -> Q:
    people = visit.people()
    return Q(user_id__in=people) | Q(counterparty_user_id__in=people)


def at_exclusive_listing(visit: Visit) -> Q:
    """Tours at the same listing, when one of the two was promised to be alone there."""
    if not visit.is_tour():
        return Q(pk__in=[])
    there = Q(property_id=visit.property_id, visit_context=Visit.Context.PROPERTY_TOUR)
    return there if visit.exclusive else there & Q(exclusive=True)
