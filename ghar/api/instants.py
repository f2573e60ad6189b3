"""Dates and times as clients write them: ISO 8601, RFC 3339, and the time zones of RFC 9557 behind them."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from ghar.clock import local_to_utc, time_zone, to_utc

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
DATE_AND_TIME = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?)"
    r"(\[(?P<critical>!?)(?P<zone>[A-Za-z_][A-Za-z0-9._+-]{0,40}(/[A-Za-z_][A-Za-z0-9._+-]{0,40}){0,3}"
    r"|[+-]\d\d:\d\d)\])?"
    r"(?P<tags>(\[!?[a-z_][a-z0-9_-]{0,63}=[A-Za-z0-9-]{1,64}\]){0,8})",
    re.ASCII,
)


def parse_instant(text: str) -> datetime:
    """Parse a date and time into UTC; a naive one is UTC already. Raises ValueError, as `parse_time` does."""
    return to_utc(parse_time(text))


def parse_instant_or_date(text: str) -> datetime:
    """Parse a date and time, or a date, which stands for its midnight UTC. Raises ValueError.

    The + of an offset may have become a space in a URL.
    """
    if DATE.fullmatch(text):
        return to_utc(datetime.fromisoformat(text))
    return parse_instant(text.replace(" ", "+") if text[10:11] in ("T", "t") else text)


def parse_time(text: str) -> datetime:
    """Parse a date and time. It is naive when the text has neither an offset nor a time zone.

    A time zone may follow in brackets: "2026-11-25T11:00+05:30[Asia/Kolkata]". The offset before it decides,
    also when the zone has another one then: rules change after a time was written down. Marked as critical,
    by "!", the zone must be known and have that offset. Without an offset it is local time of the zone.
    Other tags say how to show a time, and don't matter unless they are critical.

    Raises ValueError for anything else, and for years outside of the range that the project knows.
    """
    found = DATE_AND_TIME.fullmatch(text)
    parsed = parse_datetime(found["time"].upper()) if found else None
    if found is None or parsed is None:
        raise ValueError(_("Enter a date and time such as 2026-11-25T05:30:00Z."))
    if "[!" in found["tags"]:
        raise ValueError(_("Only a time zone can be marked as critical: leave out the other tags."))
    if not found["zone"]:
        return parsed
    if parsed.tzinfo is None:
        return _localize(parsed, found["zone"])
    if found["critical"]:
        # "Z" says that the local offset is not known: it agrees with every zone.
        offset = None if found["time"][-1] in "Zz" else parsed.utcoffset()
        _check_zone(to_utc(parsed), found["zone"], offset)
    return parsed


def _localize(local: datetime, zone: str) -> datetime:
    fixed = _fixed_zone(zone)
    return local.replace(tzinfo=fixed) if fixed else local_to_utc(local, zone)


def _check_zone(moment: datetime, zone: str, offset: timedelta | None) -> None:
    there = _fixed_zone(zone) or time_zone(zone)
    if there is UTC or offset not in (None, moment.astimezone(there).utcoffset()):
        text = _("%(zone)s is unknown, or has another offset at that time. Leave out the zone or the offset.")
        raise ValueError(text % {"zone": zone})


def _fixed_zone(zone: str) -> tzinfo | None:
    """Return the time zone of an offset in brackets, such as "+05:30"; None for a name."""
    moment = parse_datetime(f"2000-01-01T00:00{zone}") if zone[0] in "+-" else None
    return moment.tzinfo if moment else None
