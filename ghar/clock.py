"""The project's clock: services, seeding and tests ask here what time it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present moment in UTC, or the one that `at` set."""
    return _frozen.get() or timezone.now()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let `now()` answer `moment` in this thread or task: for demo data and tests."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
