import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connection, transaction
from django.db.models import Max
from knox.models import AuthToken

from agents.models import Agent
from ghar import clock
from ghar.accounts.models import User
from ghar.events import STAFF_CHANNEL, publish, user_channel
from ghar.management.base import DataCommand
from ghar.models import OutboxEvent
from ghar.streams.bench import BenchClient, Verdict, read_stream, run_trial
from properties.models import Property
from visits import services
from visits.models import Visit

T = TypeVar("T")

SEEKER_COUNT = 20
SHARE_ROLLED_BACK = 0.2
WRITERS = 8
MAX_STREAMS_PER_USER = "2000"


class Command(DataCommand):
    help = (
        "Measure the event stream with two servers that the command starts. The first part checks that no "
        "client misses an event while clients and connections come and go; the second part measures what "
        "open streams cost. It writes thousands of rows and needs an empty database: `make bench` makes one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--events", type=int, default=5_000, help="changes of visits (5000)")
        parser.add_argument(
            "--clients", type=int, default=50, help="clients that connect and disconnect meanwhile (50)"
        )
        parser.add_argument(
            "--streams", type=int, default=1_000, help="open streams in the second part (1000)"
        )

    def handle(self, *, events: int, clients: int, streams: int, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError(
                "The database has users, and this command writes thousands of rows. Use `make bench`, which "
                "makes a database for it."
            )
        self.stdout.write("Starting two servers.")
        visits, staff = create_visits(SEEKER_COUNT)
        with running_servers(2) as servers:
            self.check_delivery(visits, staff, [port for port, _ in servers], events, clients)
            self.measure_open_streams(staff, *servers[0], streams)

    def check_delivery(
        self, visits: list[Visit], staff: User, ports: list[int], events: int, count: int
    ) -> None:
        since = newest_seq()
        listeners = make_clients(visits, staff, count, since)
        write = partial(write_changes, visits, staff, events)
        self.stdout.write(f"Writing {events:,} changes while {count} clients connect and disconnect.")
        began = time.monotonic()
        killed = asyncio.run(run_trial(listeners, ports, write, (0.2, 5), 2))
        took = time.monotonic() - began
        found = asdict(Verdict.over(listeners, since))
        self.stdout.write(
            f"{WRITERS} writers, {len(ports)} servers, {killed} database connections of servers cut:"
        )
        for name, value in {**found, "seconds": round(took)}.items():
            self.stdout.write(f"  {name.replace('_', ' '):<16} {value}")

    def measure_open_streams(self, staff: User, port: int, pid: int, count: int) -> None:
        self.stdout.write(f"Opening {count:,} streams.")
        token = AuthToken.objects.create(staff)[1]
        asyncio.run(measure_latencies(port, token, 100, lambda: None))  # fills caches and pools
        before = usage(pid)
        latencies, during = asyncio.run(measure_latencies(port, token, count, lambda: usage(pid)))
        self.stdout.write(f"{count} open streams on one channel:")
        self.stdout.write(f"  KB per stream    {(during['kb'] - before['kb']) / count:.1f}")
        self.stdout.write(f"  threads          +{during['threads'] - before['threads']}")
        self.stdout.write(f"  connections      +{during['connections'] - before['connections']}")
        p50, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
        self.stdout.write(f"  latency, ms      p50 {p50:.0f}, p99 {p99:.0f}")


def create_visits(count: int) -> tuple[list[Visit], User]:
    """Create seekers with two visits each, and return the visits and a member of staff."""
    staff = User.objects.create_superuser("bench@ghar.example")
    Agent.objects.create(name="Bench", contact_number="+912240000000", capacity=None)
    listing = Property.objects.create(title="Bench", city="Mumbai", base_price=1)
    start = clock.now() + timedelta(days=2)
    visits = []
    for number in range(count):
        user = User.objects.create_user(full_name=f"Seeker {number}", email=f"seeker{number}@ghar.example")
        for days in (0, 1):
            when = start + timedelta(days=days)
            visit, _ = services.schedule(by=user, user=user, property_id=listing.pk, scheduled_date=when)
            visits.append(visit)
    return visits, staff


def make_clients(visits: Sequence[Visit], staff: User, count: int, since: int) -> list[BenchClient]:
    """Return clients of the seekers in turn; every tenth is one of staff."""
    seekers = list({visit.user_id: visit.user for visit in visits}.values())
    users = [staff if n % 10 == 0 else seekers[n % len(seekers)] for n in range(count)]
    return [
        BenchClient(
            frozenset({user_channel(user.pk), *([STAFF_CHANNEL] if user == staff else [])}),
            AuthToken.objects.create(user)[1],
            since,
        )
        for user in users
    ]


def write_changes(visits: Sequence[Visit], staff: User, count: int) -> None:
    """Commit `count` changes by WRITERS parallel writers, who roll back SHARE_ROLLED_BACK of their tries."""
    shares = [count // WRITERS + (n < count % WRITERS) for n in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(partial(_write, visits, staff), shares))


def _write(visits: Sequence[Visit], staff: User, count: int) -> None:
    try:
        while count:
            with transaction.atomic():
                services.update(visit=random.choice(visits), by=staff, visit_notes=random.randbytes(8).hex())
                if random.random() < SHARE_ROLLED_BACK:
                    transaction.set_rollback(True)
                    continue
            count -= 1
    finally:
        connection.close()


def newest_seq() -> int:
    return OutboxEvent.objects.aggregate(seq=Max("seq"))["seq"] or 0


@contextmanager
def running_servers(count: int) -> Iterator[list[tuple[int, int]]]:
    """Start `count` servers on this database, and yield the port and process id of each."""
    with ExitStack() as stack:
        env = os.environ | {
            "GHAR_STREAMS_PER_USER": MAX_STREAMS_PER_USER,
            "GHAR_THROTTLE": "off",
            "PGAPPNAME": "ghar bench",
        }
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", "--port", "0"]
        servers = []
        for _ in range(count):
            # Their warnings about the connections that are cut are not shown.
            server = subprocess.Popen(
                command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            stack.enter_context(server)
            stack.callback(server.terminate)
            matches = (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in server.stdout or ())
            servers.append((int(next(filter(None, matches))[1]), server.pid))
        yield servers


def usage(pid: int) -> dict[str, int]:
    """Return the memory (KB) and threads of a server, and the database connections of all servers."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ghar %'")
            held = cursor.fetchone()[0]
    finally:
        connection.close()
    found = {name: int(value) for name, value in re.findall(r"(VmRSS|Threads):\s+(\d+)", status)}
    return {"kb": found["VmRSS"], "threads": found["Threads"], "connections": held}


async def measure_latencies(
    port: int, token: str, count: int, inspect: Callable[[], T]
) -> tuple[list[float], T]:
    """Open `count` streams, and return how long events take to each, in milliseconds.

    `inspect` is called while all are open; its result is returned as well.
    """
    latencies: list[float] = []
    ready = asyncio.Semaphore(0)

    async def read() -> None:
        async for event in read_stream(port, token):
            if event.type == "stream-open":
                ready.release()
            elif event.type == "bench":
                latencies.append(1000 * (time.time() - event.data["data"]["at"]))

    # One after the other: each stream is open before the next one connects.
    tasks = []
    for _ in range(count):
        tasks.append(asyncio.create_task(read()))
        await ready.acquire()
    result = await asyncio.to_thread(inspect)
    for _ in range(20):
        await asyncio.to_thread(_publish_time)
        await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return latencies, result


def _publish_time() -> None:
    try:
        publish([STAFF_CHANNEL], "bench", {"at": time.time()})
    finally:
        connection.close()
