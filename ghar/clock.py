"""The project's clock: the current time, the years that the project supports, and local times."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, tzinfo
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


class RepeatedTime(ValueError):
    """Clocks show a local time twice: they are set back. `moments` has the earlier one first, in UTC."""

    def __init__(self, moments: tuple[datetime, datetime], zone: str) -> None:
        first, second = (moment.astimezone(ZoneInfo(zone)) for moment in moments)
        text = _("Clocks in %(zone)s show this time twice: %(first)s and %(second)s. Choose one of the two.")
        super().__init__(
            text
            % {
                "zone": zone,
                "first": first.isoformat(timespec="minutes"),
                "second": second.isoformat(timespec="minutes"),
            }
        )
        self.moments = moments


def time_zone(name: str) -> tzinfo:
    """Return the time zone of this name, or UTC if Python knows none.

    A row with such a name is still shown, among others that have nothing to do with it. The doctor and the
    front page of the admin report it.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def local_to_utc(local: datetime, zone: str) -> datetime:
    """Return in UTC the one moment at which the clocks of a time zone show `local`, a naive datetime.

    Raises ValueError for a time that the clocks skip, outside YEARS, and for an unknown zone; RepeatedTime
    for a time that they show twice.
    """
    there = time_zone(zone)
    if not isinstance(there, ZoneInfo):
        raise ValueError(_("The time zone %(zone)s is not known here. Correct it first.") % {"zone": zone})
    first, second = (to_utc(local.replace(tzinfo=there, fold=fold)) for fold in (0, 1))
    # Python gives a skipped time two moments, too. Only the way back shows that no clock there ever shows it.
    if first.astimezone(there).replace(tzinfo=None) != local:
        raise ValueError(_("Clocks in %(zone)s skip this time: choose another one.") % {"zone": zone})
    if first != second:
        raise RepeatedTime((first, second), zone)
    return first


def is_repeated(moment: datetime, there: tzinfo) -> bool:
    """Tell whether clocks in the zone show the local time of a moment twice."""
    local = moment.astimezone(there)
    # Of a time that comes once, both values of `fold` mean the same moment.
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def first_moment(local: datetime, zone: str) -> datetime:
    """Return in UTC when the clocks of a time zone show `local`, a naive datetime, for the first time.

    For a time that they skip it is the moment of the change. The database's ghar_local_moment is the same.
    """
    there = time_zone(zone)
    early, late = sorted(local.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(there).replace(tzinfo=None) == local:
        return early
    # Before the change clocks show less, after it more: halve the time between two such moments.
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(there).replace(tzinfo=None) < local:
            early = middle
        else:
            late = middle
    return late


def whole_minute(moment: datetime) -> datetime:
    """Drop the seconds: people agree on minutes, and forms show no more."""
    return moment.replace(second=0, microsecond=0)


def format_local(moment: datetime, zone: str) -> str:
    """Format a moment as local time of a zone: "Sun 22 Nov, 11:00", with the year when it is not this one.

    The offset follows a time that clocks show twice: "Sun 1 Nov, 01:30 UTC-05:00". In a zone that Python does
    not know it is UTC, and says so.
    """
    there = time_zone(zone)
    local = moment.astimezone(there)
    year = "" if local.year == now().astimezone(there).year else " %Y"
    return f"{local:%a %-d %b{year}, %H:%M}{offset_suffix(moment, there)}"


def offset_suffix(moment: datetime, there: tzinfo) -> str:
    """Return " UTC-05:00" for a local time that clocks show twice, " UTC" for all in UTC, and else ""."""
    if there is UTC:
        return " UTC"
    return f" UTC{moment.astimezone(there).isoformat()[-6:]}" if is_repeated(moment, there) else ""
