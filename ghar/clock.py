"""The project's clock: what time it is, and which times there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from ghar import clock

YEARS = range(1900, 3000)
FIRST, END = datetime(YEARS.start, 1, 1, tzinfo=UTC), datetime(YEARS.stop, 1, 1, tzinfo=UTC)
NOT_OURS = f"The year must be between {YEARS.start} and {YEARS.stop - 1}."

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present moment in UTC, or the one that `at` set."""
    return _frozen.get() or timezone.now()


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Let `now()` answer `moment` in this thread or task: for demo data and tests."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)


def in_our_time(moment: datetime) -> datetime:
    """In UTC; naive = UTC. ValueError for years in which nothing happens, and which drivers cannot read."""
    try:
        utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(NOT_OURS) from None
    if utc.year not in YEARS:
        raise ValueError(NOT_OURS)
    return utc


def local_to_utc(local: datetime, zone: str) -> datetime:
    """What the clocks of a zone show, in UTC. ValueError for what they skip, or never show in our time."""
    there = ZoneInfo(zone)
    utc = in_our_time(local.replace(tzinfo=there))
    if utc.astimezone(there).replace(tzinfo=None) != local:
        raise ValueError(f"Clocks in {zone} skip this time: choose another one.")
    return utc


def whole_minute(moment: datetime) -> datetime:
    """As people say times: seconds are dropped."""
    return moment.replace(second=0, microsecond=0)


def format_local(moment: datetime, zone: str) -> str:
    """Sun 22 Nov, 11:00, as the clocks there show it; with the year if it is another one."""
    there = moment.astimezone(ZoneInfo(zone))
    this_year = clock.now().astimezone(ZoneInfo(zone)).year
    return f"{there:%a %-d %b, %H:%M}" if there.year == this_year else f"{there:%a %-d %b %Y, %H:%M}"
