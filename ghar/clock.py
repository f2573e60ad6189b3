"""The project's clock: the current time, the years that the project supports, and local times."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Nothing of this project happens in other years, and PostgreSQL stores some that Python cannot read.
YEARS = range(1900, 3000)
FIRST_MOMENT = datetime(YEARS.start, 1, 1, tzinfo=UTC)
# The first moment that is too late.
END_MOMENT = datetime(YEARS.stop, 1, 1, tzinfo=UTC)
YEAR_ERROR = format_lazy(
    gettext_lazy("The year must be between {first} and {last}."), first=YEARS.start, last=YEARS.stop - 1
)

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """Return the current time in UTC, or the one that `frozen_at` has set."""
    return _frozen.get() or timezone.now()


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Let `now()` return `moment` in this thread or task. For demo data and tests."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)


def to_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; a naive one is taken for UTC. Raises ValueError outside YEARS."""
    try:
        utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(YEAR_ERROR) from None
    if utc.year not in YEARS:
        raise ValueError(YEAR_ERROR)
    return utc


def local_to_utc(local: datetime, zone: str) -> datetime:
    """Return in UTC what the clocks of a time zone show at `local`, a naive datetime.

    Of a time that comes twice, when clocks are set back, it is the first one (or the second with `fold=1`).
    Raises ValueError for a time that the clocks skip, and outside YEARS.
    """
    there = ZoneInfo(zone)
    utc = to_utc(local.replace(tzinfo=there))
    # Python gives a skipped time an offset, too. Only the way back shows that no clock there ever shows it.
    if utc.astimezone(there).replace(tzinfo=None) != local:
        raise ValueError(_("Clocks in %(zone)s skip this time: choose another one.") % {"zone": zone})
    return utc


def whole_minute(moment: datetime) -> datetime:
    """Drop the seconds: people agree on minutes, and forms show no more."""
    return moment.replace(second=0, microsecond=0)


def format_local(moment: datetime, zone: str) -> str:
    """Format a moment as local time of a zone: "Sun 22 Nov, 11:00", with the year when it is not this one."""
    there = moment.astimezone(ZoneInfo(zone))
    this_year = now().astimezone(ZoneInfo(zone)).year
    return f"{there:%a %-d %b, %H:%M}" if there.year == this_year else f"{there:%a %-d %b %Y, %H:%M}"
