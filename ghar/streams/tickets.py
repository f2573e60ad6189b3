"""Tickets, for clients that cannot send a header with a stream, such as a browser's EventSource."""

from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ghar import clock
from ghar.api.errors import CHALLENGE
from ghar.models import StreamTicket
from ghar.streams.rights import active_user_ids

TICKET_LIFETIME = timedelta(seconds=60)


def issue(*, by: AbstractBaseUser, credential: str) -> tuple[str, datetime]:
    """Return a ticket for one stream, and when it expires (in UTC).

    The ticket ends earlier when the log-in behind it does.
    """
    ticket, expires_at = token_urlsafe(32), clock.now() + TICKET_LIFETIME
    StreamTicket.objects.create(
        digest=_digest(ticket), user_id=by.pk, credential=credential, expires_at=expires_at
    )
    return ticket, expires_at


def redeem(ticket: str) -> StreamTicket | None:
    """Use a ticket up, and return it if it is valid. Only one of two simultaneous calls gets it."""
    stored = StreamTicket.objects.select_related("user").filter(digest=_digest(ticket)).first()
    # The delete decides: it affects the row once, however many have read it.
    if stored is None or not StreamTicket.objects.filter(pk=stored.pk).delete()[0]:
        return None
    is_valid = stored.expires_at > clock.now() and stored.credential in active_user_ids([stored.credential])
    return stored if is_valid else None


def delete_expired() -> None:
    StreamTicket.objects.filter(expires_at__lt=clock.now()).delete()


def _digest(ticket: str) -> str:
    return sha256(ticket.encode(errors="replace")).hexdigest()


class TicketAuthentication(BaseAuthentication):
    """Authenticates by `?ticket=`. Without one the other classes have their turn."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, StreamTicket] | None:
        text = request.query_params.get("ticket")
        if text is None:
            return None
        ticket = redeem(text)
        if ticket is None:
            raise AuthenticationFailed
        return ticket.user, ticket

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE
