"""What django-eventstream asks of a project: where events are kept, and who may read which channel."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Max, Min
from django_eventstream.channelmanager import ChannelManagerBase
from django_eventstream.event import Event
from django_eventstream.storage import EventDoesNotExist, StorageBase
from django_eventstream.utils import sse_encode_event

from ghar.api.renderers import encode, instant
from ghar.events import STAFF, user_channel
from ghar.models import OutboxEvent
from ghar.staff import has_staff_perm, staff_users_with_perm

STAFF_PERMISSION = "visits.view_visit"


class PersonalChannels(ChannelManagerBase):
    """Closed: everybody reads his own channel, and staff theirs. Nobody can name another one."""

    def get_channels_for_request(self, request: Any, view_kwargs: Any) -> frozenset[str]:
        return channels_of(request.user)

    def can_read_channel(self, user: Any, channel: str) -> bool:
        return channel in channels_of(user)

    def is_channel_reliable(self, channel: str) -> bool:
        return True


class Outbox(StorageBase):
    """Reads the events that have been committed; `ghar.events.publish` writes them."""

    def append_event(self, channel: str, event_type: str, data: Any) -> Event:
        raise NotImplementedError("Call ghar.events.publish: an event has no id before it is committed.")

    def get_events(self, channel: str, last_id: int, limit: int = 100) -> list[Event]:
        """Those after `last_id`. Raises EventDoesNotExist for an id that is not ours, or too old."""
        events = OutboxEvent.objects.filter(channels__contains=[channel], seq__gt=last_id)
        found = [to_event(event, channel) for event in events.order_by("seq")[:limit]]
        # Looked at afterwards: what is pruned meanwhile must not be missed unnoticed.
        oldest, current = bounds()
        if not oldest - 1 <= last_id <= current:
            raise EventDoesNotExist(f"No event {last_id}", current)
        return found

    def get_current_id(self, channel: str) -> int:
        return bounds()[1]


def channels_of(user: Any) -> frozenset[str]:
    if user is None or isinstance(user, AnonymousUser) or not user.is_active:
        return frozenset()
    return _channels(user.pk, has_staff_perm(user, STAFF_PERMISSION))


def channels_of_all(user_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The same of many active users at once, however many."""
    staff = set(staff_users_with_perm(STAFF_PERMISSION).filter(pk__in=user_ids).values_list("pk", flat=True))
    return {user_id: _channels(user_id, user_id in staff) for user_id in user_ids}


def _channels(user_id: int, is_staff: bool) -> frozenset[str]:
    return frozenset({user_channel(user_id), *({STAFF} if is_staff else ())})


def bounds() -> tuple[int, int]:
    found = OutboxEvent.objects.aggregate(oldest=Min("seq"), current=Max("seq"))
    return found["oldest"] or 0, found["current"] or 0


def to_event(event: OutboxEvent, channel: str = "") -> Event:
    return Event(channel, event.type, envelope(event.type, event.data, event.sent_at), id=event.seq)


def envelope(type: str, data: Any, sent_at: Any) -> str:
    return encode({"type": type, "data": data, "sent_at": instant(sent_at)}).decode()


def frame(type: str, text: str = "", id: int | None = None) -> bytes:
    """One event as it goes over the wire."""
    return sse_encode_event(type, text, event_id=id).encode()
