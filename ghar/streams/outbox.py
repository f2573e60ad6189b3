"""The parts that django-eventstream asks of a project: a storage for events, and a manager of channels."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from django.contrib.auth.models import AnonymousUser
from django.db.models import Max, Min
from django.http import HttpRequest
from django_eventstream.channelmanager import ChannelManagerBase
from django_eventstream.event import Event
from django_eventstream.storage import EventDoesNotExist, StorageBase
from django_eventstream.utils import sse_encode_event

from ghar.api.renderers import encode, instant
from ghar.events import STAFF_CHANNEL, user_channel
from ghar.models import OutboxEvent
from ghar.staff import PossiblyStaff, has_staff_perm, staff_users_with_perm

# The permission that staff need to hear the staff channel.
STAFF_CHANNEL_PERMISSION = "visits.view_visit"


class Listener(PossiblyStaff, Protocol):
    """A user who is logged in."""

    pk: int


# django-eventstream has no types, so its base classes are Any to mypy.
class PersonalChannels(ChannelManagerBase):  # type: ignore[misc]
    """Gives each user their own channel, and staff the staff channel. Clients cannot name channels."""

    def get_channels_for_request(self, request: HttpRequest, view_kwargs: dict[str, Any]) -> frozenset[str]:
        return channels_for(request.user)

    def can_read_channel(self, user: Listener | None, channel: str) -> bool:
        return channel in channels_for(user)

    def is_channel_reliable(self, channel: str) -> bool:
        return True


class Outbox(StorageBase):  # type: ignore[misc]  # as above
    """Reads committed events. `ghar.events.publish` writes them."""

    def append_event(self, channel: str, event_type: str, data: Any) -> Event:
        raise NotImplementedError("Call ghar.events.publish: an event has no id before it is committed.")

    def get_events(self, channel: str, last_id: int, limit: int = 100) -> list[Event]:
        """Return the events of a channel after `last_id`, oldest first, `limit` of them at most.

        Raises EventDoesNotExist for an id that is not from this outbox, or so old that events after it have
        been deleted.
        """
        rows = OutboxEvent.objects.filter(channels__contains=[channel], seq__gt=last_id)
        events = [to_event(row, channel) for row in rows.order_by("seq")[:limit]]
        # Checked after the read: events may be deleted in between, and their loss must not go unnoticed.
        oldest, current = outbox_bounds()
        if not oldest - 1 <= last_id <= current:
            raise EventDoesNotExist(f"No event {last_id}", current)
        return events

    def get_current_id(self, channel: str) -> int:
        return outbox_bounds()[1]


def channels_for(user: Listener | AnonymousUser | None) -> frozenset[str]:
    """Return the names of the channels that the user may hear; none for one who is not logged in."""
    if user is None or isinstance(user, AnonymousUser) or not user.is_active:
        return frozenset()
    return _channels(user.pk, has_staff_perm(user, STAFF_CHANNEL_PERMISSION))


def channels_for_users(user_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the channels of each of these users, all of whom are active, by one query."""
    staff = staff_users_with_perm(STAFF_CHANNEL_PERMISSION).filter(pk__in=user_ids)
    staff_ids = set(staff.values_list("pk", flat=True))
    return {user_id: _channels(user_id, user_id in staff_ids) for user_id in user_ids}


def _channels(user_id: int, hears_staff: bool) -> frozenset[str]:
    return frozenset({user_channel(user_id), *({STAFF_CHANNEL} if hears_staff else ())})


def outbox_bounds() -> tuple[int, int]:
    """Return the smallest and the largest `seq`; 0 and 0 for an empty outbox."""
    bounds = OutboxEvent.objects.aggregate(oldest=Min("seq"), current=Max("seq"))
    return bounds["oldest"] or 0, bounds["current"] or 0


def to_event(row: OutboxEvent, channel: str) -> Event:
    return Event(channel, row.type, envelope(row.type, row.data, row.sent_at), id=row.seq)


def envelope(type: str, data: Any, sent_at: datetime | None) -> str:
    """Return the JSON text that clients receive as an event's data; `sent_at` in UTC."""
    # The database sets sent_at at commit, and nothing uncommitted gets here.
    assert sent_at is not None
    return encode({"type": type, "data": data, "sent_at": instant(sent_at)}).decode()


def sse_frame(type: str, text: str = "", id: int | None = None) -> bytes:
    """Return one event in the format of Server-Sent Events."""
    frame: str = sse_encode_event(type, text, event_id=id)
    return frame.encode()
