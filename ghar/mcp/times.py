"""Local times of listings, as tools take and return them."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field

from ghar import clock
from ghar.api.fields import InstantField
from ghar.api.instants import parse_time
from ghar.api.renderers import instant
from ghar.errors import Invalid


# JSON Schema's format "date-time" requires an offset, so this has none.
@extend_schema_field({"type": "string", "maxLength": 120, "examples": ["2026-11-25T11:00"]})
class LocalInstantField(InstantField):
    """A moment in UTC, or a naive datetime when the text has no zone: see `localize_argument`."""

    def to_internal_value(self, data: Any) -> datetime:
        moment = super().to_internal_value(data)
        return moment if parse_time(data).tzinfo else moment.replace(tzinfo=None)


def localize_argument(moment: datetime, zone: str, field: str) -> datetime:
    """Return the moment in UTC; a naive one is local time of the zone.

    Raises Invalid, which names `field`, for a time that clocks in the zone skip, and for one that they show
    twice: it names the two moments, of which the assistant sends one with its offset.
    """
    if moment.tzinfo:
        return moment
    try:
        return clock.local_to_utc(moment, zone)
    except ValueError as error:
        raise Invalid(**{field: str(error)}) from None


def local_isoformat(moment: datetime, zone: str) -> str:
    """Return the moment as local time of the zone with its offset, such as "2026-11-25T11:00:00+05:30"."""
    return moment.astimezone(clock.time_zone(zone)).isoformat()


def time_text(moment: datetime, zone: str) -> str:
    """Return "Wed 25 Nov 2026, 11:00 in Asia/Kolkata (2026-11-25T05:30:00Z)": the user reads the first part,
    and the assistant passes on the second. The offset follows a time that clocks show twice.
    """
    there = clock.time_zone(zone)
    time = f"{moment.astimezone(there):%a %d %b %Y, %H:%M}{clock.offset_suffix(moment, there)}"
    return f"{time} in {zone} ({instant(moment)})"
