"""Transactions that compete for rows: waits for locks are bounded, and lost races are tried again."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from ghar.errors import DomainError

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 4
LOCK_TIMEOUT = "5s"
LOST_RACES = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.SerializationFailure,
)


class RetryTransaction(Exception):
    """Raised inside a transaction that must start over.

    A row turned up under the last lock that should have been locked before, or the database refused what a
    check had let pass.
    """


class TransactionContention(DomainError):
    """Every attempt lost a race against another transaction. Faces answer 503: try again later."""

    code = "unavailable"


def retrying_atomic(func: Callable[P, R]) -> Callable[P, R]:
    """Run `func` in one transaction, and again from the start, up to ATTEMPTS times, when it loses a race.

    An attempt loses on a deadlock, on a lock that takes longer than LOCK_TIMEOUT, on a serialization failure
    and on RetryTransaction. Raises TransactionContention when the last attempt has lost, too.

    The database forgets a lost attempt, Python objects do not. So `func` reads, under its locks, the rows
    that it decides on and changes, and takes objects of its caller only for their ids; a new row is made
    inside `func`. Otherwise the second attempt starts from what the first one left on the object.
    """

    @wraps(func)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _attempt in range(ATTEMPTS):
            try:
                with transaction.atomic():
                    # Local to the transaction: Django's connections outlive it.
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
                    return func(*args, **kwargs)
            except RetryTransaction:
                continue
            except OperationalError as error:
                if not isinstance(error.__cause__, LOST_RACES):
                    raise
        raise TransactionContention(_("Someone else is changing the same thing. Try again."))

    return run


def after_commit(func: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `func` once the current transaction is committed; at once when there is none.

    An error in `func` is logged and not raised: what was committed has succeeded.
    """

    def run() -> None:
        # Broad on purpose. `on_commit(robust=True)` does the same but logs `func.__qualname__`, which a
        # partial does not have.
        try:
            func(*args, **kwargs)
        except Exception:
            logger.exception("%s failed after a commit", getattr(func, "__qualname__", func))

    transaction.on_commit(run)


@contextmanager
def dry_run() -> Iterator[None]:
    """Roll back whatever is done inside the block. Callbacks for after the commit never run."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def violated(error: IntegrityError) -> str:
    """Return the name of the constraint that refused, or an empty string when no constraint did."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, psycopg.Error) else ""
