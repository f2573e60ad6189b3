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
from rest_framework.views import APIView

from ghar.api.fields import InstantField, StrictSerializer
from ghar.api.renderers import encode
from ghar.api.throttling import TicketThrottle, WriteThrottle
from ghar.streams import tickets
from ghar.streams.application import handshake_of
from ghar.streams.hub import Stream
from ghar.streams.outbox import frame
from ghar.streams.rights import credential_of
from ghar.streams.tickets import TicketAuthentication

RETRY = b"retry: 2000\n"
# Events sent to one who comes back. When he missed more, he gets these, and comes again.
MISSED = 1_000
UNKNOWN = -1
MAX_ID = 2**63 - 1


class EventStream(APIView):
    """Server-Sent Events: one's own, and for staff theirs. `Last-Event-ID` resumes."""

    authentication_classes = (TicketAuthentication, *APIView.authentication_classes)

    def get(self, request: Request) -> Any:
        opening, user = handshake_of(request), cast(AbstractBaseUser, request.user)
        end = opening.admit(user.pk) if opening else get_storage().get_current_id("")
        channels = get_channelmanager().get_channels_for_request(request, {})
        last_id = last_event_id(request)
        missed = Missed(b"", end, True) if last_id is None else missed_since(last_id, channels, user)
        if opening and missed.is_all:
            opening.accept(Stream(channels, missed.until, credential_of(request)))
        began = frame("stream-open", id=missed.until if last_id is None else None)
        response = StreamingHttpResponse([RETRY, began, missed.body], content_type="text/event-stream")
        add_default_headers(response, request)
        return response


@dataclass(frozen=True)
class Missed:
    """What somebody missed until a point in the order of events."""

    body: bytes
    until: int
    is_all: bool


def missed_since(last_id: int, channels: frozenset[str], user: Any) -> Missed:
    until = get_storage().get_current_id("")
    wanted = EventRequest()
    wanted.is_next = False
    wanted.channels = channels
    wanted.channel_last_ids = dict.fromkeys(channels, last_id)
    found = get_events(wanted, limit=MISSED * len(channels), user=user)
    if found.channel_reset:
        return Missed(reset(until, channels), until, True)
    # A channel that was not read to its end: what comes after on others must wait.
    until = min([until, *(found.channel_items[name][-1].id for name in found.channel_more)])
    events = {event.id: event for items in found.channel_items.values() for event in items}
    body = b"".join(frame(event.type, event.data, id) for id, event in sorted(events.items()) if id <= until)
    return Missed(body, until, not found.channel_more)


def reset(until: int, channels: frozenset[str]) -> bytes:
    """He must read anew what he shows: what he missed is gone, or was never ours."""
    return frame("stream-reset", encode({"channels": sorted(channels)}).decode(), until)


def last_event_id(request: Request) -> int | None:
    """As the browser sends it, or `?lastEventId=` of one who opens a stream anew with another ticket."""
    given = request.headers.get("Last-Event-ID") or request.query_params.get("lastEventId")
    if not given:
        return None
    known = given.isascii() and given.isdigit() and len(given) < 20 and int(given) <= MAX_ID
    return int(given) if known else UNKNOWN


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_at = InstantField()


class EventTicket(APIView):
    """A ticket for one stream: `?ticket=`, for clients that can send no header with it."""

    throttle_classes = (TicketThrottle, WriteThrottle)

    def post(self, request: Request) -> Response:
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        ticket, expires_at = tickets.issue(by=request.user, credential=credential_of(request))
        return Response(TicketSerializer({"ticket": ticket, "expires_at": expires_at}).data, status=201)
