"""Shared by the tests of the tools for visits."""

from datetime import UTC, datetime

from visits.tests.factories import KOLKATA, local

API = "/api/v1"
# No row has this id.
FAR_ID = 2**62


def local_text(days: int, hour: int, minute: int = 0) -> str:
    """Return a time in Mumbai as people there write it, without a zone."""
    return local(days, hour, minute).astimezone(KOLKATA).strftime("%Y-%m-%dT%H:%M")


def local_day(days: int) -> str:
    """Return a date in Mumbai."""
    return local_text(days, 0)[:10]


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rest_part(visit: dict) -> dict:
    """Return what a tool's visit has in common with REST's."""
    return {name: value for name, value in visit.items() if name not in {"local", "changed", "summary"}}
