"""Lost races are tried again from the start, and what was rolled back leaves no trace."""

import logging
from functools import partial

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from ghar.events import publish
from ghar.models import OutboxEvent
from ghar.transactions import (
    ATTEMPTS,
    RetryTransaction,
    TransactionContention,
    after_commit,
    dry_run,
    retrying_atomic,
)

pytestmark = pytest.mark.django_db(transaction=True)


def lost(cause):
    error = OperationalError("lost")
    error.__cause__ = cause
    return error


LOST_RACES = [
    RetryTransaction(),
    lost(psycopg.errors.DeadlockDetected()),
    lost(psycopg.errors.LockNotAvailable()),
    lost(psycopg.errors.SerializationFailure()),
]


def failing(error, times):
    """A change that stores an event and fails that many times before it succeeds."""
    attempts = []

    @retrying_atomic
    def change():
        publish(["staff"], "test", {})
        attempts.append(OutboxEvent.objects.count())
        if len(attempts) <= times:
            raise error
        return len(attempts)

    return change, attempts


@pytest.mark.parametrize("error", LOST_RACES, ids=lambda error: type(error.__cause__ or error).__name__)
def test_a_lost_race_is_tried_again_from_the_start(error):
    change, attempts = failing(error, times=ATTEMPTS - 1)
    assert change() == ATTEMPTS
    assert attempts == [1] * ATTEMPTS
    assert OutboxEvent.objects.count() == 1


@pytest.mark.parametrize("error", LOST_RACES, ids=lambda error: type(error.__cause__ or error).__name__)
def test_contention_is_raised_when_the_last_attempt_has_lost_and_nothing_stays(error):
    change, attempts = failing(error, times=ATTEMPTS)
    with pytest.raises(TransactionContention) as caught:
        change()
    assert (caught.value.code, caught.value.extra) == ("unavailable", {})
    assert len(attempts) == ATTEMPTS
    assert not OutboxEvent.objects.exists()


def test_other_failures_of_the_database_are_not_tried_again():
    change, attempts = failing(lost(psycopg.errors.AdminShutdown()), times=1)
    with pytest.raises(OperationalError):
        change()
    assert attempts == [1]


def test_the_wait_for_a_lock_is_bounded_in_the_transaction_only():
    def lock_timeout():
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            return cursor.fetchone()[0]

    assert retrying_atomic(lock_timeout)() == "5s"
    assert lock_timeout() == "0"


def test_a_dry_run_leaves_nothing_and_calls_nothing_after_it():
    called = []
    with dry_run():
        publish(["staff"], "test", {})
        after_commit(called.append, 1)
        assert OutboxEvent.objects.exists()
    assert not OutboxEvent.objects.exists()
    assert called == []


def test_a_failure_after_the_commit_is_logged_and_undoes_nothing(caplog):
    def fail():
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR), transaction.atomic():
        publish(["staff"], "test", {})
        after_commit(partial(fail))
    assert OutboxEvent.objects.exists()
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError
