"""Telling people what happened: into the outbox now, to whoever listens once the transaction has committed.

Called from each app's `events.py` and from nowhere else. docs/events.md tells how it travels.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Max

from ghar.models import OutboxEvent

STAFF = "staff"


def user_channel(user_id: int) -> str:
    return f"user-{user_id}"


def publish(channels: Iterable[str], type: str, data: dict[str, Any]) -> None:
    """Tell everybody on these channels; somebody on several of them hears it once. Ids, no personal data."""
    OutboxEvent.objects.create(channels=sorted(set(channels)), type=type, data=data)


def prune(*, before: datetime) -> int:
    """Forget what was sent before that; how many they were.

    The latest stays: from it is seen whether an id that a client comes back with is ours.
    """
    latest = OutboxEvent.objects.aggregate(seq=Max("seq"))["seq"] or 0
    return OutboxEvent.objects.filter(sent_at__lt=before, seq__lt=latest).delete()[0]
