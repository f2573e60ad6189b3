"""Races with real threads and connections."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from threading import Barrier, BrokenBarrierError, Event
from typing import Any, TypeVar

from django.db import connection, transaction

from ghar.testing import waiting_for_locks

T = TypeVar("T")


def run_concurrently(calls: Sequence[Callable[[], T]], at_a_time: int = 50) -> list[T]:
    """Run the calls together, each in its own thread with its own connection; their results in order."""
    width = min(at_a_time, len(calls))
    barrier = Barrier(width)

    def one(call: Callable[[], T]) -> T:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(width) as pool:
        return list(pool.map(one, calls))


def with_own_connection(call: Callable[[], T]) -> T:
    """Return what the call returns, and close the connection that it has used in this thread."""
    try:
        return call()
    finally:
        connection.close()


@contextmanager
def overtaken(*calls: Callable[[], T]) -> Iterator[list[T]]:
    """Make the changes of the block while the calls wait for them; the list has their results afterwards.

    The calls start at the end of the block, each in its own thread. The changes are committed once each call
    waits for a lock or is over.
    """
    results: list[T] = []
    with ThreadPoolExecutor(len(calls)) as pool:
        with transaction.atomic():
            yield results
            running = [pool.submit(with_own_connection, call) for call in calls]
            while sum(call.done() for call in running) + waiting_for_locks() < len(running):
                wait(running, timeout=0.01)
        results += [call.result() for call in running]


def first_two() -> Callable[[], None]:
    """The first two to call it wait for each other; who comes later, as one who tries again, does not."""
    over = Event()
    pair = Barrier(2, action=over.set)

    def meet() -> None:
        if not over.is_set():
            pair.wait(timeout=30)

    return meet


def rendezvous(answer: T) -> Callable[..., T]:
    """Stands where a guard was: the first two wait for each other, so that both pass before either acts."""
    pair = Barrier(2)

    def meet(*args: Any, **kwargs: Any) -> T:
        with suppress(BrokenBarrierError):
            pair.wait(timeout=5)
        # Nobody who comes later waits: the last of an odd number would wait in vain.
        pair.abort()
        return answer

    return meet
