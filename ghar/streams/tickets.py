"""Tickets, for clients that can send no header with a stream: a browser's EventSource."""

from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ghar import clock
from ghar.api.errors import CHALLENGE
from ghar.models import StreamTicket
from ghar.streams.rights import holders

LIFE = timedelta(seconds=60)


def issue(*, by: Any, credential: str) -> tuple[str, datetime]:
    """A ticket for one stream within LIFE, and when it ends. It is as good as the log-in behind it."""
    ticket, expires_at = token_urlsafe(32), clock.now() + LIFE
    StreamTicket.objects.create(digest=_digest(ticket), user=by, credential=credential, expires_at=expires_at)
    return ticket, expires_at


def redeem(ticket: str) -> StreamTicket | None:
    """The ticket, if it is good; of two who come with it only one gets it."""
    found = StreamTicket.objects.select_related("user").filter(digest=_digest(ticket)).first()
    if found is None or not StreamTicket.objects.filter(pk=found.pk).delete()[0]:
        return None
    in_force = found.expires_at > clock.now() and found.credential in holders([found.credential])
    return found if in_force else None


def discard_expired() -> None:
    StreamTicket.objects.filter(expires_at__lt=clock.now()).delete()


def _digest(ticket: str) -> str:
    return sha256(ticket.encode(errors="replace")).hexdigest()


class TicketAuthentication(BaseAuthentication):
    """`?ticket=`; without one, others may try."""

    def authenticate(self, request: Request) -> tuple[Any, StreamTicket] | None:
        given = request.query_params.get("ticket")
        if given is None:
            return None
        ticket = redeem(given)
        if ticket is None:
            raise AuthenticationFailed
        return ticket.user, ticket

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE
