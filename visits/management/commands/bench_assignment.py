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
        "Measure the choice of an agent in a database of its own, removed afterwards: the database's time "
        "for one choice among 1,000 agents of a city, with none and with 100,000 agents elsewhere, and how "
        "evenly 16 connections at once spread visits over 200 equal agents. Compare the ratios to the floor, "
        "which is measured in the same run: reading one row by its key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--assignments", type=int, default=4_000, help="of the second part (4000)")
        parser.add_argument("--elsewhere", type=int, default=100_000, help="agents elsewhere (100000)")

    def handle(self, *args: Any, assignments: int, elsewhere: int, **options: Any) -> None:
        with scratch_database("ghar_bench_assignment"):
            self.choices(elsewhere)
            Agent.objects.all().delete()
            self.crowd(assignments)

    def choices(self, elsewhere: int) -> None:
        add_agents(1_000, lambda number: CITY, at_work_for=30)
        visit = tour(seeker(0), home(0), day_after_tomorrow())
        self.choice("1,000 agents of the city", visit)
        add_agents(elsewhere, lambda number: f"City {number % 100}", at_work_for=30)
        self.choice(f"and {elsewhere:,} elsewhere", visit)

    def choice(self, title: str, visit: Visit) -> None:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        search = selection.AgentSearch(Requirements.for_visit(visit), Preferences.for_visit(visit))
        floor = database_ms(lambda: Agent.objects.filter(pk=visit.user_id).values_list("pk").first())
        best = database_ms(partial(selection._first_unlocked, search))
        whole = database_ms(partial(selection.choose_agent, search))
        self.stdout.write(
            f"{title}: choice {best:.2f} ms = {best / floor:.1f} floors, with its explanation {whole:.2f} ms "
            f"= {whole / floor:.1f}; floor {floor:.2f} ms"
        )

    def crowd(self, assignments: int) -> None:
        add_agents(EQUAL_AGENTS, lambda number: CITY)
        homes = [home(number) for number in range(8)]
        slots = [day_after_tomorrow() + timedelta(days=d, hours=h) for d in range(80) for h in range(8)]
        calls = [
            partial(book, seeker(n + 1), homes[n % 8], slots[n % len(slots)]) for n in range(assignments)
        ]
        began = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(book_all, [calls[n::CONNECTIONS] for n in range(CONNECTIONS)]))
        took = time.perf_counter() - began
        live = list(Agent.objects.values_list("live_visits", flat=True))
        self.stdout.write(
            f"{assignments:,} assignments by {CONNECTIONS} connections over {EQUAL_AGENTS} equal agents: "
            f"{min(live)} to {max(live)} each (spread {max(live) - min(live)}), "
            f"{Visit.objects.unassigned().count()} unassigned, {deadlocks()} deadlocks, "
            f"{len(counters.find_drift())} counters off, {assignments / took:.0f} a second"
        )


def database_ms(act: Callable[[], Any], times: int = 25) -> float:
    """What the database says it takes to plan and execute what `act` asks: medians, added up."""
    statements: list[tuple[str, Any]] = []

    def remembered(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, *rest)

    with transaction.atomic():
        with connection.execute_wrapper(remembered):
            act()
        spent = sum(
            statistics.median(explained_ms(sql, params) for _ in range(times))
            for sql, params in statements
            if "SAVEPOINT" not in sql
        )
        transaction.set_rollback(True)
    return spent


def explained_ms(sql: str, params: Any) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON, FORMAT JSON) {sql}", params)
        ((plan,),) = cursor.fetchone()
    return plan["Planning Time"] + plan["Execution Time"]


def add_agents(number: int, city: Callable[[int], str], at_work_for: int = 1) -> None:
    """Agents who were chosen less than `at_work_for` times, about as often as is fair."""
    rows = (
        Agent(
            name=f"Agent {n}",
            cities=[city(n)],
            capacity=None,
            assignments_won=n % at_work_for,
            expected_share=n % at_work_for * 1.1,
        )
        for n in range(number)
    )
    Agent.objects.bulk_create(rows, batch_size=5_000)


def day_after_tomorrow() -> datetime:
    """Ten in the morning there."""
    day = clock.now() + timedelta(days=2)
    return day.astimezone(UTC).replace(hour=4, minute=30, second=0, microsecond=0)


def seeker(number: int) -> User:
    return User.objects.create(full_name=f"Seeker {number}", email=f"seeker{number}@bench.example")


def home(number: int) -> Property:
    return Property.objects.create(
        title=f"Home {number}", city=CITY, base_price=1, latitude=18.5 + number / 1_000, longitude=73.8
    )


def tour(user: User, listing: Property, start: datetime) -> Visit:
    visit = Visit(user=user, property=listing)
    visit.set_time(start, timedelta(minutes=30))
    return visit


def book_all(calls: Sequence[Callable[[], Any]]) -> None:
    """One after the other on a connection of its own."""
    for call in calls:
        call()
    connection.close()


def book(user: User, listing: Property, start: datetime) -> None:
    services.schedule(by=user, user=user, property_id=listing.pk, scheduled_date=start)


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]
