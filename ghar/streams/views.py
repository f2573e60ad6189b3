from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import StreamingHttpResponse
from django_eventstream import get_events
from django_eventstream.eventrequest import EventRequest
from django_eventstream.utils import add_default_headers, get_channelmanager, get_storage
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ghar.api.fields import InstantField, StrictSerializer
from ghar.api.query import takes_query
from ghar.api.renderers import encode
from ghar.api.throttling import TicketThrottle, WriteThrottle
from ghar.api.views import ApiView
from ghar.streams import tickets
from ghar.streams.application import handshake_of
from ghar.streams.hub import Stream
from ghar.streams.outbox import sse_frame
from ghar.streams.rights import credential_of
from ghar.streams.tickets import TicketAuthentication
from ghar.validators import MAX_ID

# How long browsers wait before they reconnect, in milliseconds.
RETRY = b"retry: 2000\n"
# Missed events that one response carries, by channel. A client who missed more gets these and reconnects.
MAX_MISSED = 1_000
# An id that no event has: the client is told to start over.
UNKNOWN_ID = -1


class EventStream(ApiView):
    """Server-Sent Events of the user's channels. `Last-Event-ID` resumes an earlier stream."""

    authentication_classes = (TicketAuthentication, *ApiView.authentication_classes)

    @takes_query("lastEventId", "ticket")
    def get(self, request: Request) -> StreamingHttpResponse:
        handshake, user = handshake_of(request), cast(AbstractBaseUser, request.user)
        # The position comes first, before anything is read: the hub adds what comes after it.
        end = handshake.reserve(user.pk) if handshake else get_storage().get_current_id("")
        channels = get_channelmanager().get_channels_for_request(request, {})
        last_id = last_event_id(request)
        missed = Missed(b"", end, True) if last_id is None else missed_since(last_id, channels, user)
        if handshake and missed.is_complete:
            handshake.accept(Stream(channels, missed.until, credential_of(request)))
        opened = sse_frame("stream-open", id=missed.until if last_id is None else None)
        response = StreamingHttpResponse([RETRY, opened, missed.body], content_type="text/event-stream")
        add_default_headers(response, request)
        return response


@dataclass(frozen=True)
class Missed:
    """The events that a client missed, up to a `seq`; `is_complete` when there are no more after it."""

    body: bytes
    until: int
    is_complete: bool


def missed_since(last_id: int, channels: frozenset[str], user: AbstractBaseUser) -> Missed:
    """Return the events after `last_id` on these channels, or a reset when the id is unknown or too old."""
    until = get_storage().get_current_id("")
    event_request = EventRequest()
    event_request.is_next = False
    event_request.channels = channels
    event_request.channel_last_ids = dict.fromkeys(channels, last_id)
    events = get_events(event_request, limit=MAX_MISSED * len(channels), user=user)
    if events.channel_reset:
        return Missed(reset_frame(until, channels), until, True)
    # Channels are read one by one, each up to the limit. What comes after the end of a channel that was cut
    # must wait on the others, too, or the order of events would not be that of their ids.
    until = min([until, *(events.channel_items[name][-1].id for name in events.channel_more)])
    by_id = {event.id: event for items in events.channel_items.values() for event in items}
    body = b"".join(
        sse_frame(event.type, event.data, id) for id, event in sorted(by_id.items()) if id <= until
    )
    return Missed(body, until, not events.channel_more)


def reset_frame(until: int, channels: frozenset[str]) -> bytes:
    """Return the event that tells a client to fetch again whatever it shows: the events are gone."""
    return sse_frame("stream-reset", encode({"channels": sorted(channels)}).decode(), until)


def last_event_id(request: Request) -> int | None:
    """Return the id after which the client wants events; None for a new stream, UNKNOWN_ID for no number.

    Browsers send the header when they reconnect by themselves. A page that opens a new stream, with another
    ticket, cannot set it and sends `?lastEventId=`.
    """
    text = request.headers.get("Last-Event-ID") or request.query_params.get("lastEventId")
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID
    return int(text) if is_number else UNKNOWN_ID


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_at = InstantField()


class EventTicket(ApiView):
    """Issues a ticket for one stream: `?ticket=`, for clients that cannot send a header with it."""

    # A ticket works once, and no secret is stored.
    heeds_keys = False
    throttle_classes = (TicketThrottle, WriteThrottle)

    def post(self, request: Request) -> Response:
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        by = cast(AbstractBaseUser, request.user)
        ticket, expires_at = tickets.issue(by=by, credential=credential_of(request))
        return Response(TicketSerializer({"ticket": ticket, "expires_at": expires_at}).data, status=201)
