"""By what right a stream is open: the log-in behind it, named so that it can be looked up again."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connection
from django.db.models import Q
from django.http import HttpRequest
from knox.models import AuthToken
from rest_framework.request import Request

from ghar import clock
from ghar.models import StreamTicket
from ghar.streams.outbox import channels_of

TOKEN, SESSION = "token:", "session:"


def credential_of(request: Request) -> str:
    """Of a request that was let in by a token, a ticket or a session."""
    match request.auth:
        case AuthToken():
            return f"{TOKEN}{request.auth.digest}"
        case StreamTicket():
            return request.auth.credential
    return f"{SESSION}{request.session.session_key}"


def holders(credentials: Collection[str]) -> dict[str, Any]:
    """The users behind those that are still good."""
    digests = [name.removeprefix(TOKEN) for name in credentials if name.startswith(TOKEN)]
    in_force = Q(expiry__isnull=True) | Q(expiry__gt=clock.now())
    tokens = AuthToken.objects.filter(in_force, digest__in=digests, user__is_active=True)
    found = {f"{TOKEN}{token.digest}": token.user for token in tokens.select_related("user")}
    for name in credentials:
        if name.startswith(SESSION) and (user := _session_user(name.removeprefix(SESSION))):
            found[name] = user
    return found


def _session_user(key: str) -> Any:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user if user.is_authenticated and user.is_active else None


def channels_now(credentials: Collection[str]) -> dict[str, frozenset[str]]:
    """What each of them may hear now. For a thread of its own: leaves no connection behind."""
    try:
        return {name: channels_of(user) for name, user in holders(credentials).items()}
    finally:
        connection.close()
