"""Clients by the hundred, and whether they heard everything. For `manage.py bench_events` and its tests."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from ghar.models import OutboxEvent

OPENED = "stream-open"
LISTENERS = "application_name = 'ghar events' AND datname = current_database()"


@dataclass
class Event:
    id: int
    type: str
    data: Any


async def listen(port: int, token: str, last_id: int | None = None) -> AsyncGenerator[Event, None]:
    """The events of one stream until it ends, the one that opens it first. OSError when it is refused."""
    resume = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        headers = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{resume}"
        writer.write(f"GET /api/v1/events HTTP/1.1\r\n{headers}\r\n".encode())
        answered = await reader.readuntil(b"\r\n\r\n")
        if not answered.startswith(b"HTTP/1.1 200"):
            raise ConnectionRefusedError(answered.split(b"\r\n")[0].decode())
        async for event in events(reader):
            yield event
    finally:
        writer.transport.abort()


async def events(reader: asyncio.StreamReader) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    last_id = -1
    async for line in reader:
        # The lines of the chunks around events end otherwise.
        if line.endswith(b"\r\n"):
            continue
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
            continue
        last_id = int(fields.get("id", last_id))
        data = fields.get("data")
        yield Event(last_id, fields["event"], json.loads(data) if data else None)
        fields = {}


@dataclass
class Client:
    """Comes and goes, to whichever server, with the id of what it heard last."""

    channels: frozenset[str]
    token: str
    since: int
    ids: list[int] = field(default_factory=list)
    versions: dict[int, list[int]] = field(default_factory=dict)
    resets: int = 0
    connects: int = 0

    async def run(self, ports: Sequence[int], stay: tuple[float, float]) -> None:
        last_id = self.since
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                async with asyncio.timeout(random.uniform(*stay)):
                    async with aclosing(listen(random.choice(ports), self.token, last_id)) as stream:
                        self.connects += 1
                        async for event in stream:
                            last_id = max(last_id, event.id)
                            self.hear(event)
            await asyncio.sleep(0.01)

    def misses(self, ends: dict[str, int]) -> bool:
        """Whether something later than all that it heard was on its channels."""
        end = max((ends.get(channel, 0) for channel in self.channels), default=0)
        return end > max(self.ids, default=self.since)

    def hear(self, event: Event) -> None:
        self.resets += event.type == "stream-reset"
        if event.type == "visit_updated":
            self.ids.append(event.id)
            told = event.data["data"]
            self.versions.setdefault(told["visit_id"], []).append(told["version"])


@dataclass
class Verdict:
    """What a trial came to, over all clients."""

    events: int = 0
    expected: int = 0
    missing: int = 0
    never_committed: int = 0
    duplicates: int = 0
    disorders: int = 0
    resets: int = 0
    connects: int = 0

    @classmethod
    def over(cls, clients: Sequence[Client], since: int) -> "Verdict":
        outbox = OutboxEvent.objects.filter(seq__gt=since, type="visit_updated")
        truth: dict[Any, set[str]] = {seq: set(on) for seq, on in outbox.values_list("seq", "channels")}
        verdict = cls(events=len(truth))
        for client in clients:
            verdict.add(client, truth)
        return verdict

    def add(self, client: Client, truth: dict[int, set[str]]) -> None:
        expected = {seq for seq, channels in truth.items() if client.channels & channels}
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


async def trial(
    clients: Sequence[Client], ports: Sequence[int], write: Any, stay: tuple[float, float], kill_every: float
) -> int:
    """Let the clients come and go while `write` runs, and until they have heard all.

    The servers lose their listeners' connections meanwhile: the answer is how often.
    """
    killer = Killer()
    running = [asyncio.create_task(client.run(ports, stay)) for client in clients]
    killing = asyncio.create_task(killer.run(kill_every))
    await asyncio.to_thread(write)
    killing.cancel()
    ends = await asyncio.to_thread(newest_by_channel)
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while any(client.misses(ends) for client in clients):
                await asyncio.sleep(0.05)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, killing, return_exceptions=True)
    return killer.killed


class Killer:
    def __init__(self) -> None:
        self.killed = 0

    async def run(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            self.killed += await asyncio.to_thread(kill_listeners)


def kill_listeners() -> int:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {LISTENERS}")
            return cursor.fetchone()[0]
    finally:
        connection.close()


def newest_by_channel() -> dict[str, int]:
    try:
        newest: dict[str, Any] = {}
        for seq, channels in OutboxEvent.objects.order_by("seq").values_list("seq", "channels"):
            newest |= dict.fromkeys(channels, seq)
        return newest
    finally:
        connection.close()
