"""Free times: the slots of a tour, and the alternatives that a conflict names."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from agents.models import Agent
from ghar import clock
from properties.models import Property
from visits.models import Visit
from visits.scheduling.conflicts import blocking
from visits.scheduling.eligibility import (
    Difference,
    Requirements,
    matching_profile,
    open_hours,
    time_off,
    unreachable_times,
)

GRID = timedelta(minutes=15)
MAX_ALTERNATIVES = 5
ALTERNATIVE_DAYS = 7
DAYTIME = (time(9), time(19))


@dataclass(frozen=True)
class Slot:
    start: datetime
    end: datetime
    agents_free: int


def local_days(zone: str, first: date, last: date) -> DateTimeTZRange:
    """From midnight of `first` to midnight after `last`, both dates of that zone."""
    tz = ZoneInfo(zone)
    return DateTimeTZRange(
        datetime.combine(first, time(), tz).astimezone(UTC),
        datetime.combine(last + timedelta(days=1), time(), tz).astimezone(UTC),
    )


def bookable_span(span: DateTimeTZRange) -> DateTimeTZRange:
    """The part of a span in which a visit may start now."""
    now = clock.now()
    first = max(span.lower, now + timedelta(minutes=1))
    last = min(span.upper, now + timedelta(days=settings.HORIZON_DAYS))
    return DateTimeTZRange(first, max(first, last))


def grid_starts(span: DateTimeTZRange) -> Iterator[datetime]:
    """Every quarter of an hour in a span; the offsets of all zones are whole quarters."""
    step = GRID.total_seconds()
    start = datetime.fromtimestamp(-(-span.lower.timestamp() // step) * step, UTC)
    while start < span.upper:
        yield start
        start += GRID


def tour_slots(
    *, property: Property, seeker: Any, span: DateTimeTZRange, minutes: int, language: str | None = None
) -> list[Slot]:
    """The bookable times of a tour in `span` at which at least one agent is free."""
    if not property.takes_visits() or property.owner_id == seeker.pk:
        return []
    listing = Visit(property=property, user=seeker, exclusive=property.exclusive_tours)
    return _slots_with_agents(listing, bookable_span(span), timedelta(minutes=minutes), language)


def alternatives(visit: Visit) -> list[dict[str, datetime]]:
    """The free times nearest to the one that an (unsaved) visit cannot have, in order of time."""
    length = visit.scheduled_end - visit.scheduled_date
    zone = ZoneInfo(visit.property.timezone)
    day = visit.scheduled_date.astimezone(zone).date()
    span = bookable_span(local_days(visit.property.timezone, day, day + timedelta(days=ALTERNATIVE_DAYS)))
    found = _slots_with_agents(visit, span, length) if visit.is_tour() else []
    starts = [slot.start for slot in found] or [
        start
        for start in _free_starts(visit, grid_starts(span), span, length)
        if DAYTIME[0] <= start.astimezone(zone).time() < DAYTIME[1]
    ]
    nearest = sorted(starts, key=lambda start: abs(start - visit.scheduled_date))[:MAX_ALTERNATIVES]
    return [{"start": start, "end": start + length} for start in sorted(nearest)]


def _slots_with_agents(
    visit: Visit, span: DateTimeTZRange, length: timedelta, language: str | None = None
) -> list[Slot]:
    free: Counter[datetime] = Counter()
    for windows in _free_windows(visit, span, length, language):
        free.update(set(_starts_in(windows, span, length)))
    return [
        Slot(start, start + length, free[start]) for start in _free_starts(visit, sorted(free), span, length)
    ]


def _free_windows(
    visit: Visit, span: DateTimeTZRange, length: timedelta, language: str | None
) -> Iterable[Iterable[DateTimeTZRange]]:
    """For each agent who may show the listing, the times at which he could."""
    requirements = Requirements.for_visit(visit, span.lower, span.upper + length)
    agents = matching_profile(Agent.objects.all(), requirements)
    if language:
        agents = agents.filter(languages__contains=[language])
    windows = Difference(
        open_hours(requirements.span), time_off(requirements.span), unreachable_times(requirements)
    )
    return agents.order_by("pk").values_list(windows, flat=True)


def _starts_in(
    windows: Iterable[DateTimeTZRange], span: DateTimeTZRange, length: timedelta
) -> Iterator[datetime]:
    for window in windows:
        latest = window.upper - length + timedelta(microseconds=1)
        lower, upper = max(window.lower, span.lower), min(latest, span.upper)
        if lower < upper:
            yield from grid_starts(DateTimeTZRange(lower, upper))


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
