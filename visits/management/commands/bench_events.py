import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

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

SEEKERS = 20
ROLLED_BACK = 0.2
WRITERS = 8
MANY = "2000"


class Command(DataCommand):
    help = "Measure the event stream with servers of its own. Needs an empty database: see `make bench`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--events", type=int, default=5_000, help="changes of visits (5000)")
        parser.add_argument("--clients", type=int, default=50, help="who come and go meanwhile (50)")
        parser.add_argument("--streams", type=int, default=1_000, help="that are just open (1000)")

    def handle(self, *, events: int, clients: int, streams: int, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError("This writes thousands of rows: give it an empty database.")
        visits, staff = people_and_visits(SEEKERS)
        with serving(2) as servers:
            self.nothing_is_lost(visits, staff, [port for port, _ in servers], events, clients)
            self.open_streams_cost_little(staff, *servers[0], streams)

    def nothing_is_lost(
        self, visits: list[Visit], staff: User, ports: list[int], events: int, count: int
    ) -> None:
        since = newest()
        listeners = clients(visits, staff, count, since)
        write = partial(writing, visits, staff, events)
        began = time.monotonic()
        killed = asyncio.run(run_trial(listeners, ports, write, (0.2, 5), 2))
        took = time.monotonic() - began
        found = asdict(Verdict.over(listeners, since))
        self.stdout.write(
            f"{WRITERS} writers, {len(ports)} servers, {killed} connections of listeners killed:"
        )
        for name, value in {**found, "seconds": round(took)}.items():
            self.stdout.write(f"  {name.replace('_', ' '):<16} {value}")

    def open_streams_cost_little(self, staff: User, port: int, pid: int, count: int) -> None:
        token = AuthToken.objects.create(staff)[1]
        asyncio.run(opened(port, token, 100, lambda: None))  # brings up all that is there once
        before = usage(pid)
        latencies, during = asyncio.run(opened(port, token, count, lambda: usage(pid)))
        self.stdout.write(f"{count} open streams on one channel:")
        self.stdout.write(f"  KB each          {(during['kb'] - before['kb']) / count:.1f}")
        self.stdout.write(f"  threads          +{during['threads'] - before['threads']}")
        self.stdout.write(f"  connections      +{during['connections'] - before['connections']}")
        p50, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
        self.stdout.write(f"  heard after, ms  p50 {p50:.0f}, p99 {p99:.0f}")


def people_and_visits(count: int) -> tuple[list[Visit], User]:
    """Each seeker has two visits, at listings of his own choice; nobody is in anybody's way."""
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


def clients(visits: Sequence[Visit], staff: User, count: int, since: int) -> list[BenchClient]:
    """Seekers by turns, and one in ten is of the staff."""
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


def writing(visits: Sequence[Visit], staff: User, count: int) -> None:
    """So many changes that are committed, by several writers, and among them others that are not."""
    shares = [count // WRITERS + (n < count % WRITERS) for n in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(partial(_write, visits, staff), shares))


def _write(visits: Sequence[Visit], staff: User, count: int) -> None:
    try:
        while count:
            with transaction.atomic():
                services.update(visit=random.choice(visits), by=staff, visit_notes=random.randbytes(8).hex())
                if random.random() < ROLLED_BACK:
                    transaction.set_rollback(True)
                    continue
            count -= 1
    finally:
        connection.close()


def newest() -> int:
    return OutboxEvent.objects.aggregate(seq=Max("seq"))["seq"] or 0


@contextmanager
def serving(count: int) -> Iterator[list[tuple[int, int]]]:
    """So many servers on our database: their ports and process ids."""
    with ExitStack() as stack:
        env = os.environ | {"GHAR_STREAMS_PER_USER": MANY, "GHAR_THROTTLE": "off", "PGAPPNAME": "ghar bench"}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", "--port", "0"]
        servers = []
        for _ in range(count):
            # They say how often their listeners were killed.
            quiet = subprocess.DEVNULL
            served = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=quiet, text=True)
            stack.enter_context(served)
            stack.callback(served.terminate)
            found = (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in served.stdout or ())
            servers.append((int(next(filter(None, found))[1]), served.pid))
        yield servers


def usage(pid: int) -> dict[str, int]:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ghar %'")
            held = cursor.fetchone()[0]
    finally:
        connection.close()
    found = {name: int(value) for name, value in re.findall(r"(VmRSS|Threads):\s+(\d+)", status)}
    return {"kb": found["VmRSS"], "threads": found["Threads"], "connections": held}


async def opened(port: int, token: str, count: int, look: Any) -> tuple[list[float], Any]:
    """What `look` sees while so many streams are open, and the milliseconds until each has heard an event."""
    latencies: list[float] = []
    ready = asyncio.Semaphore(0)

    async def one() -> None:
        async for event in read_stream(port, token):
            if event.type == "stream-open":
                ready.release()
            elif event.type == "bench":
                latencies.append(1000 * (time.time() - event.data["data"]["at"]))

    # At most so many at a time are on the way in.
    tasks = []
    for _ in range(count):
        tasks.append(asyncio.create_task(one()))
        await ready.acquire()
    seen = await asyncio.to_thread(look)
    for _ in range(20):
        await asyncio.to_thread(_tell)
        await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return latencies, seen


def _tell() -> None:
    try:
        publish([STAFF_CHANNEL], "bench", {"at": time.time()})
    finally:
        connection.close()
