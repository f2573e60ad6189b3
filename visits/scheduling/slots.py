"""Free times: the slots of a tour, and the alternatives that a conflict names."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from agents.models import Agent
from ghar import clock
from ghar.accounts.models import User
from ghar.validators import canonical_timezone, timezones
from properties.errors import PropertyUnavailable
from properties.models import Property
from visits.models import Visit
from visits.scheduling.eligibility import (
    Difference,
    Requirements,
    matching_profile,
    open_hours,
    taken_times,
    time_off,
)

GRID = timedelta(minutes=15)
MAX_ALTERNATIVES = 5
ALTERNATIVE_DAYS = 7
# Where no agent is free, alternatives are offered at these local hours.
DAYTIME = (time(9), time(19))
# The local time of a visit for which only a day was named, when no time of that day is free.
DEFAULT_START = time(10)


@dataclass(frozen=True)
class Slot:
    start: datetime
    end: datetime
    agents_free: int


def check_time_zone(listing: Property) -> None:
    """Raise PropertyUnavailable for a listing whose time zone is unknown: nobody can tell its local times."""
    if listing.timezone not in timezones() and canonical_timezone(listing.timezone) not in timezones():
        text = _("The time zone of this listing, %(zone)s, is unknown. Ask the agency to correct it.")
        raise PropertyUnavailable(text % {"zone": listing.timezone})


def local_days(zone: str, first: date, last: date) -> DateTimeTZRange:
    """Return the span from midnight of `first` to midnight after `last`, both dates of that zone.

    Where clocks change at midnight, a day begins with the first moment at which they show its date.
    """
    return DateTimeTZRange(
        clock.first_moment(datetime.combine(first, time()), zone),
        clock.first_moment(datetime.combine(last + timedelta(days=1), time()), zone),
    )


def bookable_span(span: DateTimeTZRange) -> DateTimeTZRange:
    """Return the part of a span in which a visit may start now."""
    now = clock.now()
    first = max(span.lower, now + timedelta(minutes=1))
    last = min(span.upper, now + timedelta(days=settings.HORIZON_DAYS))
    return DateTimeTZRange(first, max(first, last))


def grid_starts(span: DateTimeTZRange) -> Iterator[datetime]:
    """Yield every quarter of an hour in a span; the offsets of all zones are whole quarters."""
    step = GRID.total_seconds()
    start = datetime.fromtimestamp(-(-span.lower.timestamp() // step) * step, UTC)
    while start < span.upper:
        yield start
        start += GRID


def tour_slots(
    *, property: Property, seeker: User, span: DateTimeTZRange, minutes: int, language: str | None = None
) -> list[Slot]:
    """Return the times in `span` at which a tour can be booked and at least one agent is free.

    With `language` (an ISO 639-1 code) only agents who speak it count. Raises PropertyUnavailable for a
    listing whose time zone is unknown.
    """
    check_time_zone(property)
    if not property.takes_visits() or property.owner_id == seeker.pk:
        return []
    tour = Visit(property=property, user=seeker, exclusive=property.exclusive_tours)
    return _slots_with_agents(tour, bookable_span(span), timedelta(minutes=minutes), language)


def start_of(visit: Visit, wanted: date, length: timedelta) -> datetime:
    """Return when a visit starts that is wanted at a time, or on a local day of its listing.

    A visit that is on that day already stays where it is. Otherwise it is the first free time: for a tour the
    first with a free agent, for a meet the first by day at which both are free. On a day without one it is
    DEFAULT_START: the checks that follow say what is wrong with it.
    """
    if isinstance(wanted, datetime):
        return wanted
    day, zone = wanted, visit.property.timezone
    if visit.pk and visit.scheduled_date.astimezone(clock.time_zone(zone)).date() == day:
        return visit.scheduled_date
    span = bookable_span(local_days(zone, day, day))
    starts: Iterator[datetime] = (
        (slot.start for slot in _slots_with_agents(visit, span, length))
        if visit.is_tour()
        else _by_day(visit, _free_starts(visit, grid_starts(span), span, length))
    )
    return next(starts, None) or clock.first_moment(datetime.combine(day, DEFAULT_START), zone)


def alternatives(visit: Visit) -> list[dict[str, datetime]]:
    """Return up to MAX_ALTERNATIVES free times nearest to the one that `visit` can't have, earliest first.

    Each is {"start", "end"}. They have a free agent if any time of the coming days has one; otherwise, and
    for a meet, they are times at which the people and the listing are free.
    """
    length = visit.length()
    zone = visit.property.timezone
    there = clock.time_zone(zone)
    day = visit.scheduled_date.astimezone(there).date()
    span = bookable_span(local_days(zone, day, day + timedelta(days=ALTERNATIVE_DAYS)))
    starts = [slot.start for slot in _slots_with_agents(visit, span, length)] if visit.is_tour() else []
    if not starts:
        starts = list(_by_day(visit, _free_starts(visit, grid_starts(span), span, length)))
    nearest = sorted(starts, key=lambda start: abs(start - visit.scheduled_date))[:MAX_ALTERNATIVES]
    return [{"start": start, "end": start + length} for start in sorted(nearest)]


def _slots_with_agents(
    visit: Visit, span: DateTimeTZRange, length: timedelta, language: str | None = None
) -> list[Slot]:
    """Return the starts in `span` that suit the people, the listing and at least one agent."""
    requirements = Requirements.for_visit(visit, span.lower, span.upper + length)
    agents = matching_profile(Agent.objects.all(), requirements)
    if language:
        agents = agents.speaking(language)
    free_windows = Difference(
        open_hours(requirements), time_off(requirements), taken_times(requirements, requirements.place)
    )
    agents_free: Counter[datetime] = Counter()
    for windows in agents.order_by("pk").values_list(free_windows, flat=True):
        agents_free.update(set(_starts_in(windows, span, length)))
    return [
        Slot(start, start + length, agents_free[start])
        for start in _free_starts(visit, sorted(agents_free), span, length)
    ]


def _by_day(visit: Visit, starts: Iterable[datetime]) -> Iterator[datetime]:
    """Yield the starts within DAYTIME at the listing."""
    zone = clock.time_zone(visit.property.timezone)
    return (start for start in starts if DAYTIME[0] <= start.astimezone(zone).time() < DAYTIME[1])


def _starts_in(
    windows: Iterable[DateTimeTZRange], span: DateTimeTZRange, length: timedelta
) -> Iterator[datetime]:
    """Yield the starts on the grid from which a whole visit fits into one of an agent's free windows."""
    for window in windows:
        latest = window.upper - length + timedelta(microseconds=1)
        lower, upper = max(window.lower, span.lower), min(latest, span.upper)
        if lower < upper:
            yield from grid_starts(DateTimeTZRange(lower, upper))


def _free_starts(
    visit: Visit, starts: Iterable[datetime], span: DateTimeTZRange, length: timedelta
) -> Iterator[datetime]:
    """Yield those starts at which the visit's people and its listing are free."""
    blocking = Visit.objects.all().blocking(visit, span.lower, span.upper + length)
    taken = list(blocking.values_list("scheduled_date", "scheduled_end"))
    for start in starts:
        if not any(begins < start + length and ends > start for begins, ends in taken):
            yield start
