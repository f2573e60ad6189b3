import statistics
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from agents.models import Agent
from ghar import clock
from ghar.accounts.models import User
from properties.models import Property
from visits import services
from visits.assignment import counters, selection
from visits.assignment.ranking import Preferences
from visits.management.scratch_database import scratch_database
from visits.models import Visit
from visits.scheduling.eligibility import Requirements

CITY, CONNECTIONS, EQUAL_AGENTS = "Pune", 16, 200


class Command(BaseCommand):
    help = (
        "Measure the choice of an agent in a temporary database, which is dropped at the end. The first part "
        "measures the database time of a choice among 1,000 agents of a city, without and with 100,000 "
        "agents elsewhere. The second part measures how evenly 16 parallel connections distribute visits "
        "among 200 equal agents. On another machine compare the ratios to the floor, which is the time to "
        "read one row by its key in the same run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--assignments", type=int, default=4_000, help="visits to book in the second part (4000)"
        )
        parser.add_argument("--elsewhere", type=int, default=100_000, help="agents in other cities (100000)")

    def handle(self, *args: Any, assignments: int, elsewhere: int, **options: Any) -> None:
        with scratch_database("ghar_bench_assignment"):
            add_agents(1_000, lambda number: CITY, spread=30)
            visit = Visit(user=create_seeker(0), property=create_listing(0))
            visit.set_time(day_after_tomorrow(), timedelta(minutes=30))
            self.measure_choice("1,000 agents in the city", visit)
            add_agents(elsewhere, lambda number: f"City {number % 100}", spread=30)
            self.measure_choice(f"the same with {elsewhere:,} agents elsewhere", visit)
            Agent.objects.all().delete()
            self.measure_parallel_bookings(assignments)

    def measure_choice(self, title: str, visit: Visit) -> None:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        search = selection.AgentSearch(Requirements.for_visit(visit), Preferences.for_visit(visit))
        floor = database_ms(lambda: Agent.objects.filter(pk=visit.user_id).values_list("pk").first())
        best = database_ms(partial(selection._first_unlocked, search))
        whole = database_ms(partial(selection.choose_agent, search))
        self.stdout.write(
            f"{title}: a choice takes {best:.2f} ms ({best / floor:.1f} times the floor of {floor:.2f} ms), "
            f"with its explanation {whole:.2f} ms ({whole / floor:.1f} times)"
        )

    def measure_parallel_bookings(self, assignments: int) -> None:
        add_agents(EQUAL_AGENTS, lambda number: CITY)
        listings = [create_listing(number) for number in range(8)]
        slots = [day_after_tomorrow() + timedelta(days=d, hours=h) for d in range(80) for h in range(8)]
        tours = [
            (create_seeker(n + 1), listings[n % 8].pk, slots[n % len(slots)]) for n in range(assignments)
        ]
        began = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(book_all, [tours[n::CONNECTIONS] for n in range(CONNECTIONS)]))
        took = time.perf_counter() - began
        with connection.cursor() as cursor:
            cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            deadlocks = cursor.fetchone()[0]
        live = list(Agent.objects.values_list("live_visits", flat=True))
        self.stdout.write(
            f"{assignments:,} assignments by {CONNECTIONS} connections over {EQUAL_AGENTS} equal agents: "
            f"{min(live)} to {max(live)} each (a difference of {max(live) - min(live)}), "
            f"{Visit.objects.unassigned().count()} unassigned, {deadlocks} deadlocks, "
            f"{len(counters.find_drift())} wrong counters, {assignments / took:.0f} per second"
        )


def database_ms(act: Callable[[], object], times: int = 25) -> float:
    """Return how long the database takes for the statements of `act`, in milliseconds, as it reports itself.

    Each statement is planned and executed `times` times; the medians are added. Nothing is kept.
    """
    statements: list[tuple[str, Any]] = []

    def record(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, *rest)

    with transaction.atomic():
        with connection.execute_wrapper(record):
            act()
        total = 0.0
        for sql, params in statements:
            if "SAVEPOINT" in sql:
                continue
            durations: list[float] = []
            for _ in range(times):
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON, FORMAT JSON) {sql}", params)
                    ((plan,),) = cursor.fetchone()
                durations.append(plan["Planning Time"] + plan["Execution Time"])
            total += statistics.median(durations)
        # EXPLAIN ANALYZE has executed the writes, too.
        transaction.set_rollback(True)
    return total


def add_agents(number: int, city: Callable[[int], str], spread: int = 1) -> None:
    """Create agents who have been chosen up to `spread` - 1 times, about as often as is fair."""
    rows = (
        Agent(
            name=f"Agent {n}",
            cities=[city(n)],
            capacity=None,
            assignments_won=n % spread,
            expected_share=n % spread * 1.1,
        )
        for n in range(number)
    )
    Agent.objects.bulk_create(rows, batch_size=5_000)


def day_after_tomorrow() -> datetime:
    """Return 10:00 in India on the day after tomorrow, in UTC."""
    day = clock.now() + timedelta(days=2)
    return day.astimezone(UTC).replace(hour=4, minute=30, second=0, microsecond=0)


def create_seeker(number: int) -> User:
    return User.objects.create(full_name=f"Seeker {number}", email=f"seeker{number}@bench.example")


def create_listing(number: int) -> Property:
    return Property.objects.create(
        title=f"Home {number}", city=CITY, base_price=1, latitude=18.5 + number / 1_000, longitude=73.8
    )


def book_all(tours: Sequence[tuple[User, int, datetime]]) -> None:
    """Book the tours, given by seeker, id of the listing and start, on the connection of this thread."""
    for user, property_id, start in tours:
        services.schedule(by=user, user=user, property_id=property_id, scheduled_date=start)
    connection.close()
