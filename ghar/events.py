"""Publishing events: stored in the outbox now, sent to listeners once the transaction has committed.

Only the `events.py` of each app calls `publish`. docs/events.md describes the way of an event.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Max

from ghar.models import OutboxEvent

STAFF_CHANNEL = "staff"


def user_channel(user_id: int) -> str:
    """Return the name of the channel that only this user hears."""
    return f"user-{user_id}"


def publish(channels: Iterable[str], type: str, data: dict[str, Any]) -> None:
    """Send an event to all listeners of these channels, in the caller's transaction.

    A listener of several of the channels hears it once. `data` holds ids, statuses and times, but no
    personal data: it stays in the outbox for days.
    """
    OutboxEvent.objects.create(channels=sorted(set(channels)), type=type, data=data)


def prune(*, before: datetime) -> int:
    """Delete the events that were sent before that moment, and return their number.

    The latest event stays, however old it is: its `seq` tells whether an id with which a client comes back
    is one of this outbox.
    """
    latest = OutboxEvent.objects.aggregate(seq=Max("seq"))["seq"] or 0
    return OutboxEvent.objects.filter(sent_at__lt=before, seq__lt=latest).delete()[0]
