"""One task in each server process reads the outbox as it grows, and hands what it reads to open streams.

It holds the process's one connection for events. A notification only wakes it: it always reads the table
from where it was, so after a lost connection it goes on as if nothing had happened.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connections
from psycopg.conninfo import make_conninfo

from ghar.streams.outbox import envelope, frame
from ghar.streams.rights import channels_now

log = logging.getLogger(__name__)

PAGE = 100
# Kept for streams that are just being opened, and so have read a little less than the hub.
RECENT = 2_000
# More than this waiting for a client who does not read: he is dropped, and resumes.
PENDING = 500
KEEP_ALIVE_SECONDS = 20
POLL_SECONDS = 20
READ_SECONDS = 10
START_SECONDS = 3
FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0

AFTER = "SELECT seq, channels, type, data, sent_at FROM ghar_outboxevent WHERE seq > %s ORDER BY seq LIMIT %s"
CURRENT = "SELECT coalesce(max(seq), 0) FROM ghar_outboxevent"
# Django's own, which libpq does not know.
NOT_LIBPQ = {"cursor_factory", "context", "prepare_threshold"}


@dataclass(frozen=True, slots=True)
class Frame:
    seq: int
    channels: tuple[str, ...]
    body: bytes


class Stream:
    """What waits to be sent to one client: everything on his channels after `since`, once and in order."""

    __slots__ = ("_pending", "_wake", "channels", "closed", "credential", "since")

    def __init__(self, channels: frozenset[str], since: int, credential: str = "") -> None:
        self.channels = channels
        self.since = since
        self.credential = credential
        self.closed = False
        self._pending: list[bytes] = []
        self._wake = asyncio.Event()

    def put(self, body: bytes) -> None:
        if len(self._pending) >= PENDING:
            self.close()
        else:
            self._pending.append(body)
            self._wake.set()

    def offer(self, frame: Frame) -> None:
        if frame.seq > self.since:
            self.since = frame.seq
            self.put(frame.body)

    def close(self) -> None:
        """The client comes again with the last id that he has got."""
        self.closed = True
        self._pending = []
        self._wake.set()

    async def bodies(self) -> AsyncIterator[bytes]:
        """What came together goes out together."""
        while not self.closed:
            await self._wake.wait()
            self._wake.clear()
            waiting, self._pending = self._pending, []
            if waiting:
                yield b"".join(waiting)


class Hub:
    def __init__(self) -> None:
        self.position: int | None = None
        self.connected = False
        self.is_closing = False
        self._running: asyncio.Task[None] | None = None
        self._found = asyncio.Event()
        self._recent: deque[Frame] = deque()
        self._recent_after = 0
        self._by_channel: dict[str, set[Stream]] = {}

    @property
    def is_started(self) -> bool:
        return self._running is not None

    @property
    def is_listening(self) -> bool:
        return self.connected and self._running is not None and not self._running.done()

    async def start(self) -> None:
        """Begin; back when it is known where the outbox ends, or when the database takes too long."""
        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(self._ended)
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                await self._found.wait()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Nobody shall wait for events that will not come."""
        if not task.cancelled():
            log.error("The event listener has failed.", exc_info=task.exception())
        self.close_streams()

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._running = None

    # The streams.

    def subscribe(self, stream: Stream) -> None:
        """Everything after the stream's `since`; it is closed when that is further back than we remember."""
        if self.is_closing or stream.since < self._recent_after:
            stream.close()
        for frame_ in self._recent:
            if stream.channels.intersection(frame_.channels):
                stream.offer(frame_)
        for channel in stream.channels:
            self._by_channel.setdefault(channel, set()).add(stream)

    def unsubscribe(self, stream: Stream) -> None:
        for channel in stream.channels:
            streams = self._by_channel[channel]
            streams.discard(stream)
            if not streams:
                del self._by_channel[channel]

    def streams(self) -> set[Stream]:
        return set().union(*self._by_channel.values())

    def close_streams(self) -> None:
        """All of them, and no new ones: the server is going."""
        self.is_closing = True
        for stream in self.streams():
            stream.close()

    def hand_out(self, frame_: Frame) -> None:
        self._recent.append(frame_)
        if len(self._recent) > RECENT:
            self._recent_after = self._recent.popleft().seq
        for channel in frame_.channels:
            for stream in self._by_channel.get(channel, ()):
                stream.offer(frame_)
        self.position = frame_.seq

    # What keeps running.

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._keep_alive())
            group.create_task(self._check_rights())

    async def _listen(self) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                async with await connect() as connection:
                    await connection.execute("LISTEN ghar_event")
                    await self._follow(connection)
            except (psycopg.Error, DatabaseFailure, OSError) as error:
                delay = FIRST_DELAY if self.connected else min(2 * delay, LONGEST_DELAY)
                log.warning("The event listener has no database; again in %.1f s: %r", delay, error)
            self.connected = False
            await asyncio.sleep(delay)

    async def _follow(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        while True:
            # A connection that is dead without telling answers nothing.
            async with asyncio.timeout(READ_SECONDS):
                await self._read(connection)
            self.connected = True
            # Nothing may be executed inside this loop: it holds the connection.
            async for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                pass

    async def _read(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        if self.position is None:
            (row,) = await (await connection.execute(CURRENT)).fetchall()
            self.position = self._recent_after = row[0]
            self._found.set()
        while rows := await (await connection.execute(AFTER, [self.position, PAGE])).fetchall():
            for seq, channels, type_, data, sent_at in rows:
                body = frame(type_, envelope(type_, data, sent_at), seq)
                self.hand_out(Frame(seq, tuple(channels), body))
            # Lets the streams send before their next page.
            await asyncio.sleep(0)

    async def _keep_alive(self) -> None:
        """Tells proxies and clients that we are there, and clients how far they have come."""
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            body = frame("keep-alive", id=self.position)
            for stream in self.streams():
                stream.put(body)

    async def _check_rights(self) -> None:
        """End the streams of revoked log-ins and closed accounts, and those whose channels have changed."""
        while True:
            await asyncio.sleep(settings.STREAM_CHECK_SECONDS)
            if streams := self.streams():
                await self._close_unauthorized(streams)

    async def _close_unauthorized(self, streams: Collection[Stream]) -> None:
        try:
            rights = await asyncio.to_thread(channels_now, {stream.credential for stream in streams})
        except DatabaseFailure as error:
            log.warning("Could not check the rights of the event streams: %s", error)
            return
        for stream in streams:
            if rights.get(stream.credential) != stream.channels:
                stream.close()


async def connect() -> "psycopg.AsyncConnection[Any]":
    conninfo = await asyncio.to_thread(listening_conninfo)
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)


def listening_conninfo() -> str:
    """How to reach the database itself: LISTEN does not pass through a pool of transactions."""
    # Django's brings up the embedded server, too.
    params: Any = settings.EVENTS_DATABASE or connections["default"].get_connection_params()
    given = {name: params[name] for name in params.keys() - NOT_LIBPQ}
    return make_conninfo(**{"connect_timeout": 10, **given, "application_name": "ghar events"})


hub = Hub()
