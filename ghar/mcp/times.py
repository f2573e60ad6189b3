"""Times as people at a listing say them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema_field

from ghar import clock
from ghar.api.fields import InstantField
from ghar.api.renderers import instant
from ghar.errors import Invalid


# Not of the format date-time: that has an offset.
@extend_schema_field({"type": "string", "maxLength": 40, "examples": ["2026-11-25T11:00"]})
class LocalInstantField(InstantField):
    """A moment in UTC; one that is given without a zone stays so until `at_place` gives it one."""

    def to_internal_value(self, data: Any) -> datetime:
        moment = super().to_internal_value(data)
        given = parse_datetime(data)
        return moment if given is None or given.tzinfo else moment.replace(tzinfo=None)


def as_local_to(moment: datetime, zone: str, field: str) -> datetime:
    """The moment in UTC, of a clock in that zone if it has none of its own."""
    if moment.tzinfo:
        return moment
    try:
        return clock.local_to_utc(moment, zone)
    except ValueError as error:
        raise Invalid(**{field: str(error)}) from None


def local_iso(moment: datetime, zone: str) -> str:
    """2026-11-25T11:00:00+05:30."""
    return moment.astimezone(ZoneInfo(zone)).isoformat()


def spoken_time(moment: datetime, zone: str) -> str:
    """Both ways to write it, for a sentence."""
    there = moment.astimezone(ZoneInfo(zone))
    return f"{there:%a %d %b %Y, %H:%M} in {zone} ({instant(moment)})"
