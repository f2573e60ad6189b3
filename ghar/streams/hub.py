"""The hub: one task in each server process reads the outbox as it grows, and feeds the open streams.

The hub holds the process's only connection for events. A notification of PostgreSQL carries no event, it
only wakes the hub, which reads the table from where it stopped. So nothing is lost with a notification or a
connection: after a reconnect the hub goes on where it was.

Everything but `channels_by_credential_in_thread` runs in the event loop's thread. There are no locks: state
changes only between two awaits.
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
from django.db import Error as DjangoDatabaseError
from django.db import connections
from psycopg.conninfo import make_conninfo

from ghar.streams.outbox import envelope, sse_frame
from ghar.streams.rights import channels_by_credential_in_thread

logger = logging.getLogger(__name__)

# psycopg's type of rows: tuples of whatever the query selects.
Connection = psycopg.AsyncConnection[tuple[Any, ...]]

# Rows read from the outbox at a time.
PAGE_SIZE = 100
# Frames kept for streams that are being opened: their view has read the outbox a little earlier than the hub.
MAX_RECENT = 2_000
# A stream with more frames waiting than this has a client who does not read. It is closed, and resumes.
MAX_PENDING = 500
KEEP_ALIVE_SECONDS = 20
# The hub reads at least this often, in case that a notification has been lost.
POLL_SECONDS = 20
READ_TIMEOUT_SECONDS = 10
FIRST_READ_SECONDS = 3
FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0

SELECT_AFTER = (
    "SELECT seq, channels, type, data, sent_at FROM ghar_outboxevent WHERE seq > %s ORDER BY seq LIMIT %s"
)
SELECT_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM ghar_outboxevent"
# Connection parameters of Django and psycopg that libpq does not know.
NOT_LIBPQ = {"cursor_factory", "context", "prepare_threshold"}


@dataclass(frozen=True, slots=True)
class Frame:
    """An event as it is sent, and who hears it."""

    seq: int
    channels: tuple[str, ...]
    body: bytes


class Stream:
    """The frames that wait to be sent to one client: all on its channels after `since`, once and in order."""

    # A server may hold ten thousand of them.
    __slots__ = ("_pending", "_wake", "channels", "closed", "credential", "since")

    def __init__(self, channels: frozenset[str], since: int, credential: str = "") -> None:
        self.channels = channels
        self.since = since
        self.credential = credential
        self.closed = False
        self._pending: list[bytes] = []
        self._wake = asyncio.Event()

    def enqueue(self, body: bytes) -> None:
        """Let this be sent. Closes the stream instead when its client does not read."""
        if len(self._pending) >= MAX_PENDING:
            self.close()
        else:
            self._pending.append(body)
            self._wake.set()

    def enqueue_frame(self, frame: Frame) -> None:
        """Let a frame be sent, unless the client has it.

        A client on several channels of an event gets the frame once for each; only the first counts.
        """
        if frame.seq > self.since:
            self.since = frame.seq
            self.enqueue(frame.body)

    def close(self) -> None:
        """End the stream, and forget what waits: the client resumes from the last id that it has received."""
        self.closed = True
        self._pending = []
        self._wake.set()

    async def bodies(self) -> AsyncIterator[bytes]:
        """Yield what waits, as one body each time, until the stream is closed."""
        while not self.closed:
            await self._wake.wait()
            self._wake.clear()
            pending, self._pending = self._pending, []
            if pending:
                yield b"".join(pending)


class Hub:
    """Reads the outbox and hands each event to the streams on its channels.

    `position` is the `seq` of the last event that was read; None until the database has been reached once.
    """

    def __init__(self) -> None:
        self.position: int | None = None
        self.connected = False
        self.is_closing = False
        self._running: asyncio.Task[None] | None = None
        self._position_known = asyncio.Event()
        # The newest frames, and the seq after which they are complete.
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
        """Start the hub's tasks. Returns when `position` is known, or the database takes too long."""
        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(self._ended)
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_READ_SECONDS):
                await self._position_known.wait()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Close the streams when the hub's tasks have failed: no client shall wait for events in vain."""
        if not task.cancelled():
            logger.error("The event listener has failed.", exc_info=task.exception())
        self.close_streams()

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._running = None

    def subscribe(self, stream: Stream) -> None:
        """Hand everything after `stream.since` to the stream, from now on too.

        A stream that starts before the frames that are kept would miss some: it is closed, and its client
        resumes.
        """
        if self.is_closing or stream.since < self._recent_after:
            stream.close()
        for frame in self._recent:
            if stream.channels.intersection(frame.channels):
                stream.enqueue_frame(frame)
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
        """Close all streams and open no more: the server stops."""
        self.is_closing = True
        for stream in self.streams():
            stream.close()

    def dispatch(self, frame: Frame) -> None:
        """Keep a frame and hand it to the streams on its channels."""
        self._recent.append(frame)
        if len(self._recent) > MAX_RECENT:
            self._recent_after = self._recent.popleft().seq
        for channel in frame.channels:
            for stream in self._by_channel.get(channel, ()):
                stream.enqueue_frame(frame)
        self.position = frame.seq

    async def _run(self) -> None:
        # When one task fails, the group cancels the others, and `_ended` closes the streams.
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._keep_alive())
            group.create_task(self._check_rights())

    async def _listen(self) -> None:
        """Follow the outbox, and reconnect when the connection is lost, after longer and longer delays."""
        delay = FIRST_DELAY
        while True:
            try:
                async with await connect_listener() as connection:
                    # LISTEN before the first read: what commits after the read wakes us.
                    await connection.execute("LISTEN ghar_event")
                    await self._follow(connection)
            except (psycopg.Error, DjangoDatabaseError, OSError) as error:
                delay = FIRST_DELAY if self.connected else min(2 * delay, LONGEST_DELAY)
                logger.warning("The event listener has no database; again in %.1f s: %r", delay, error)
            self.connected = False
            await asyncio.sleep(delay)

    async def _follow(self, connection: Connection) -> None:
        while True:
            # A connection whose other end has vanished gives no error: the read just takes for ever.
            # TimeoutError is an OSError, so `_listen` reconnects.
            async with asyncio.timeout(READ_TIMEOUT_SECONDS):
                await self._read(connection)
            self.connected = True
            # One notification, or none within the time, ends the loop. Inside of it nothing can be executed:
            # `notifies` holds the connection.
            async for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                pass

    async def _read(self, connection: Connection) -> None:
        if self.position is None:
            (row,) = await (await connection.execute(SELECT_LAST_SEQ)).fetchall()
            self.position = self._recent_after = row[0]
            self._position_known.set()
        while rows := await (await connection.execute(SELECT_AFTER, [self.position, PAGE_SIZE])).fetchall():
            for seq, channels, type_, data, sent_at in rows:
                body = sse_frame(type_, envelope(type_, data, sent_at), seq)
                self.dispatch(Frame(seq, tuple(channels), body))
            # Let the streams send this page before the next one, or a burst would overflow them all.
            await asyncio.sleep(0)

    async def _keep_alive(self) -> None:
        """Tell proxies that the streams live, and clients how far they have come, every now and then."""
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            body = sse_frame("keep-alive", id=self.position)
            for stream in self.streams():
                stream.enqueue(body)

    async def _check_rights(self) -> None:
        """Close the streams of revoked log-ins and closed accounts, and those whose channels have changed."""
        while True:
            await asyncio.sleep(settings.STREAM_CHECK_SECONDS)
            if streams := self.streams():
                await self._close_unauthorized(streams)

    async def _close_unauthorized(self, streams: Collection[Stream]) -> None:
        credentials = {stream.credential for stream in streams}
        try:
            channels = await asyncio.to_thread(channels_by_credential_in_thread, credentials)
        except DjangoDatabaseError as error:
            # Streams stay open: a database that is down must not log everybody out.
            logger.warning("Could not check the rights of the event streams: %s", error)
            return
        for stream in streams:
            if channels.get(stream.credential) != stream.channels:
                stream.close()


async def connect_listener() -> Connection:
    conninfo = await asyncio.to_thread(listening_conninfo)
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)


def listening_conninfo() -> str:
    """Return libpq's connection string for LISTEN.

    It is EVENTS_DATABASE where that is set, because LISTEN does not work through a pooler that assigns
    connections by transaction.
    """
    # Asking Django's backend for its parameters also starts the embedded server.
    params: dict[str, Any] = settings.EVENTS_DATABASE or connections["default"].get_connection_params()
    libpq_params = {name: params[name] for name in params.keys() - NOT_LIBPQ}
    return make_conninfo(**{"connect_timeout": 10, **libpq_params, "application_name": "ghar events"})


hub = Hub()
