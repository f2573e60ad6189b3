"""By what right a stream is open: the log-in behind it, named so that it can be looked up again."""

from collections.abc import Collection, Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q
from django.utils.crypto import constant_time_compare
from knox.models import AuthToken
from rest_framework.request import Request

from ghar import clock
from ghar.models import StreamTicket
from ghar.streams.outbox import channels_of_all

TOKEN, SESSION = "token:", "session:"


def credential_of(request: Request) -> str:
    """Of a request that was let in by a token, a ticket or a session."""
    match request.auth:
        case AuthToken():
            return f"{TOKEN}{request.auth.digest}"
        case StreamTicket():
            return request.auth.credential
    return f"{SESSION}{request.session.session_key}"


def holders(credentials: Collection[str]) -> dict[str, int]:
    """The ids of the active users behind those that are still good."""
    tokens = [name.removeprefix(TOKEN) for name in credentials if name.startswith(TOKEN)]
    sessions = [name.removeprefix(SESSION) for name in credentials if name.startswith(SESSION)]
    return {
        **{f"{TOKEN}{digest}": user_id for digest, user_id in _holders_of_tokens(tokens)},
        **{f"{SESSION}{key}": user_id for key, user_id in _holders_of_sessions(sessions)},
    }


def _holders_of_tokens(digests: Collection[str]) -> Iterator[tuple[str, int]]:
    in_force = Q(expiry__isnull=True) | Q(expiry__gt=clock.now())
    tokens = AuthToken.objects.filter(in_force, digest__in=digests, user__is_active=True)
    yield from tokens.values_list("digest", "user_id")


def _holders_of_sessions(keys: Collection[str]) -> Iterator[tuple[str, int]]:
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=clock.now())
    sessions = {row.session_key: row.get_decoded() for row in rows}
    ids = {session[SESSION_KEY] for session in sessions.values() if SESSION_KEY in session}
    users = {str(user.pk): user for user in get_user_model().objects.filter(pk__in=ids, is_active=True)}
    for key, session in sessions.items():
        user = users.get(session.get(SESSION_KEY, ""))
        if user and _is_sound(session, user):
            yield key, user.pk


def _is_sound(session: dict[str, Any], user: Any) -> bool:
    """What django.contrib.auth.get_user looks at, one session at a time: a new password ends the old ones."""
    kept = session.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    is_known = session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    return is_known and any(constant_time_compare(kept, one) for one in hashes)


def rights_of(credentials: Collection[str]) -> dict[str, frozenset[str]]:
    """What each of them may hear now: as many queries for all as for one."""
    found = holders(credentials)
    channels = channels_of_all(set(found.values()))
    return {name: channels[user_id] for name, user_id in found.items()}


def channels_now(credentials: Collection[str]) -> dict[str, frozenset[str]]:
    """The same for a thread of its own: leaves no connection behind."""
    try:
        return rights_of(credentials)
    finally:
        connection.close()
