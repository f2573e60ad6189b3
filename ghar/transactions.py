"""Transactions that compete for rows: bounded waits, and another try when somebody else was first."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg
from django.db import IntegrityError, OperationalError, connection, transaction

from ghar.errors import VisitConflict

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
    """Under the last lock a row turned up that should have been locked before."""


class TransactionContention(VisitConflict):
    """Every try was lost to somebody else."""


def retrying_atomic(func: Callable[P, R]) -> Callable[P, R]:
    """Run `func` in one transaction, and again from the start when it loses a race; then Contended."""

    @wraps(func)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(ATTEMPTS):
            try:
                with transaction.atomic():
                    _limit_lock_waits()
                    return func(*args, **kwargs)
            except RetryTransaction:
                continue
            except OperationalError as error:
                if not isinstance(error.__cause__, LOST_RACES):
                    raise
        raise TransactionContention("Somebody else is changing the same thing; try again.", alternatives=[])

    return run


def after_commit(func: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `func` once the transaction is committed. Its failure is logged: what was committed has succeeded.

    (`on_commit(robust=True)` would fail on a partial, whose name it wants to log.)
    """

    def run() -> None:
        try:
            func(*args, **kwargs)
        except Exception:
            logger.exception("%s failed after a commit", getattr(func, "__qualname__", func))

    transaction.on_commit(run)


@contextmanager
def dry_run() -> Iterator[None]:
    """Whatever is done within is undone at its end, and nobody hears of it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def violated(error: IntegrityError) -> str:
    """The name of the constraint that refused, or an empty string."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, psycopg.Error) else ""


def _limit_lock_waits() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
