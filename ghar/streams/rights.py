"""The right behind an open stream: the log-in that opened it, under a name by which it is found again.

A credential is "token:<digest>" for an API token, and "session:<key>" for a session. A ticket has the
credential of the log-in that asked for it.
"""

from collections.abc import Collection, Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q
from django.utils.crypto import constant_time_compare
from knox.models import AuthToken
from rest_framework.request import Request

from ghar import clock
from ghar.models import StreamTicket
from ghar.streams.outbox import channels_for_users

TOKEN_PREFIX, SESSION_PREFIX = "token:", "session:"


def credential_of(request: Request) -> str:
    """Return the credential of a request that a token, a ticket or a session has authenticated."""
    match request.auth:
        case AuthToken():
            return f"{TOKEN_PREFIX}{request.auth.digest}"
        case StreamTicket():
            return request.auth.credential
    return f"{SESSION_PREFIX}{request.session.session_key}"


def active_user_ids(credentials: Collection[str]) -> dict[str, int]:
    """Return the ids of the active users by credential. Credentials that have ended are left out."""
    digests = [name.removeprefix(TOKEN_PREFIX) for name in credentials if name.startswith(TOKEN_PREFIX)]
    keys = [name.removeprefix(SESSION_PREFIX) for name in credentials if name.startswith(SESSION_PREFIX)]
    return {
        **{f"{TOKEN_PREFIX}{digest}": user_id for digest, user_id in _users_of_tokens(digests)},
        **{f"{SESSION_PREFIX}{key}": user_id for key, user_id in _users_of_sessions(keys)},
    }


def _users_of_tokens(digests: Collection[str]) -> Iterator[tuple[str, int]]:
    valid = Q(expiry__isnull=True) | Q(expiry__gt=clock.now())
    tokens = AuthToken.objects.filter(valid, digest__in=digests, user__is_active=True)
    yield from tokens.values_list("digest", "user_id")


def _users_of_sessions(keys: Collection[str]) -> Iterator[tuple[str, int]]:
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=clock.now())
    sessions = {row.session_key: row.get_decoded() for row in rows}
    ids = {session[SESSION_KEY] for session in sessions.values() if SESSION_KEY in session}
    users = {str(user.pk): user for user in get_user_model().objects.filter(pk__in=ids, is_active=True)}
    for key, session in sessions.items():
        user = users.get(session.get(SESSION_KEY, ""))
        if user and _is_valid_session(session, user):
            yield key, user.pk


def _is_valid_session(session: dict[str, Any], user: AbstractBaseUser) -> bool:
    """Return whether the session still logs the user in: a new password ends the sessions before it.

    It is the check of django.contrib.auth.get_user, which works on one request at a time.
    """
    session_hash = session.get(HASH_SESSION_KEY, "")
    valid_hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    is_known_backend = session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    return is_known_backend and any(constant_time_compare(session_hash, valid) for valid in valid_hashes)


def channels_by_credential(credentials: Collection[str]) -> dict[str, frozenset[str]]:
    """Return the channels that each credential may hear now; none are given for one that has ended.

    The number of queries does not depend on the number of credentials.
    """
    user_ids = active_user_ids(credentials)
    channels = channels_for_users(set(user_ids.values()))
    return {name: channels[user_id] for name, user_id in user_ids.items()}


def channels_by_credential_in_thread(credentials: Collection[str]) -> dict[str, frozenset[str]]:
    """Do the same in a thread of a pool, whose connection would stay open after the call."""
    try:
        return channels_by_credential(credentials)
    finally:
        connection.close()
