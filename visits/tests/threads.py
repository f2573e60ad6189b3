"""Races with real threads and connections."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event
from typing import Any, TypeVar

from django.db import connection

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
