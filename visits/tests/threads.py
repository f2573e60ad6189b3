"""Races with real threads and connections."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(calls: Sequence[Callable[[], T]], at_a_time: int = 50) -> list[T]:
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
