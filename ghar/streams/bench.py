"""Many stream clients at once, and a count of what they missed: for `manage.py bench_events` and a test."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from ghar.models import OutboxEvent

LISTENERS = "application_name = 'ghar events' AND datname = current_database()"
# The clients have this long to hear the last events.
CATCH_UP_SECONDS = 60


@dataclass
class ReceivedEvent:
    id: int
    type: str
    data: Any


async def read_stream(
    port: int, token: str, last_id: int | None = None
) -> AsyncGenerator[ReceivedEvent, None]:
    """Yield the events of one stream until it ends, "stream-open" included.

    Raises OSError when the stream is refused.
    """
    resume = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        headers = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{resume}"
        writer.write(f"GET /api/v1/events HTTP/1.1\r\n{headers}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionRefusedError(head.split(b"\r\n")[0].decode())
        async for event in parse_events(reader):
            yield event
    finally:
        writer.transport.abort()


async def parse_events(reader: asyncio.StreamReader) -> AsyncIterator[ReceivedEvent]:
    fields: dict[str, str] = {}
    last_id = -1
    async for line in reader:
        # The lines of HTTP's chunks end with CRLF, those of the events inside with LF.
        if line.endswith(b"\r\n"):
            continue
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
            continue
        last_id = int(fields.get("id", last_id))
        data = fields.get("data")
        yield ReceivedEvent(last_id, fields["event"], json.loads(data) if data else None)
        fields = {}


@dataclass
class BenchClient:
    """A client that connects and leaves all the time, at any of the servers, and resumes where it was.

    It notes the ids of the visit events that it hears, and the versions of each visit in their order.
    """

    channels: frozenset[str]
    token: str
    since: int
    ids: list[int] = field(default_factory=list)
    versions: dict[int, list[int]] = field(default_factory=dict)
    resets: int = 0
    connects: int = 0

    async def run(self, ports: Sequence[int], stay: tuple[float, float]) -> None:
        """Listen until cancelled. Each connection lasts between the two numbers of seconds in `stay`."""
        last_id = self.since
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                async with asyncio.timeout(random.uniform(*stay)):
                    async with aclosing(read_stream(random.choice(ports), self.token, last_id)) as stream:
                        self.connects += 1
                        async for event in stream:
                            last_id = max(last_id, event.id)
                            self.note(event)
            await asyncio.sleep(0.01)

    def note(self, event: ReceivedEvent) -> None:
        self.resets += event.type == "stream-reset"
        if event.type == "visit_updated":
            self.ids.append(event.id)
            data = event.data["data"]
            self.versions.setdefault(data["visit_id"], []).append(data["version"])

    def is_behind(self, last_by_channel: dict[str, int]) -> bool:
        """Return whether its channels have an event later than all that it has heard."""
        last = max((last_by_channel.get(channel, 0) for channel in self.channels), default=0)
        return last > max(self.ids, default=self.since)


@dataclass
class Verdict:
    """The result of a trial, added up over all clients.

    `missing`, `never_committed` and `disorders` count faults; the others describe the trial.
    """

    events: int = 0
    expected: int = 0
    missing: int = 0
    never_committed: int = 0
    duplicates: int = 0
    disorders: int = 0
    resets: int = 0
    connects: int = 0

    @classmethod
    def over(cls, clients: Sequence[BenchClient], since: int) -> "Verdict":
        """Compare what the clients heard with the outbox after `since`."""
        outbox = OutboxEvent.objects.filter(seq__gt=since, type="visit_updated")
        channels_by_seq: dict[Any, set[str]] = {
            seq: set(channels) for seq, channels in outbox.values_list("seq", "channels")
        }
        verdict = cls(events=len(channels_by_seq))
        for client in clients:
            verdict.add(client, channels_by_seq)
        return verdict

    def add(self, client: BenchClient, channels_by_seq: dict[int, set[str]]) -> None:
        expected = {seq for seq, channels in channels_by_seq.items() if client.channels & channels}
        heard = set(client.ids)
        self.expected += len(expected)
        self.missing += len(expected - heard)
        self.never_committed += len(heard - expected)
        self.duplicates += len(client.ids) - len(heard)
        self.disorders += sum(
            list(dict.fromkeys(versions)) != sorted(set(versions)) for versions in client.versions.values()
        )
        self.resets += client.resets
        self.connects += client.connects


async def run_trial(
    clients: Sequence[BenchClient],
    ports: Sequence[int],
    write: Callable[[], None],
    stay: tuple[float, float],
    kill_every: float,
) -> int:
    """Let the clients connect and leave while `write` runs, and until they have heard everything.

    Every `kill_every` seconds the servers lose their connections for events. Returns how many were killed.
    """
    killed = 0

    async def keep_killing() -> None:
        nonlocal killed
        while True:
            await asyncio.sleep(kill_every)
            killed += await asyncio.to_thread(kill_listeners)

    running = [asyncio.create_task(client.run(ports, stay)) for client in clients]
    killing = asyncio.create_task(keep_killing())
    await asyncio.to_thread(write)
    killing.cancel()
    last_by_channel = await asyncio.to_thread(last_seq_by_channel)
    with suppress(TimeoutError):
        async with asyncio.timeout(CATCH_UP_SECONDS):
            while any(client.is_behind(last_by_channel) for client in clients):
                await asyncio.sleep(0.05)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, killing, return_exceptions=True)
    return killed


def kill_listeners() -> int:
    """End the servers' connections for events, and return their number. Leaves no connection behind."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {LISTENERS}")
            return int(cursor.fetchone()[0])
    finally:
        connection.close()


def last_seq_by_channel() -> dict[str, int]:
    """Return the `seq` of the last event on each channel. Leaves no connection behind."""
    try:
        last: dict[str, Any] = {}
        for seq, channels in OutboxEvent.objects.order_by("seq").values_list("seq", "channels"):
            last |= dict.fromkeys(channels, seq)
        return last
    finally:
        connection.close()
