import math
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ghar import clock
from visits import services
from visits.management.scratch_database import scratch_database
from visits.management.simulation import Agency, midnight

MIN_FAIRNESS, MAX_NEWCOMER_SHARE = 0.99, 1.5


class Command(BaseCommand):
    help = (
        "Simulate 60 days of an agency with the real services, and report how fairly visits are assigned to "
        "agents. It uses a temporary database, which it drops at the end, and takes some minutes. Exit code: "
        "0 when all guarantees hold, 1 when one is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--quick",
            action="store_true",
            help="simulate 30 days with 10 agents and 24 visits a day, instead of 60 with 20 and 80",
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="seed of the random numbers; the same seed repeats a run (1)"
        )

    def handle(self, *args: Any, quick: bool, seed: int, **options: Any) -> None:
        days, visits, agents = (30, 24, 10) if quick else (60, 80, 20)
        agency = Agency(days=days, visits_a_day=visits, agents=agents, seed=seed)
        self.stdout.write(f"Simulating {days} days: {agents} agents, {visits} bookings a day, seed {seed}.")
        with scratch_database("ghar_simulation"):
            for day in agency.run():
                if day % 10 == 9:
                    self.stdout.write(f"day {day + 1} of {days}: {agency.tally.booked:,} visits booked")
            # During the run each visit was assigned as soon as an agent could take it: no more can be now.
            with clock.frozen_at(midnight(days)):
                left_in_queue = sum(attempt.assigned for attempt in services.assign_pending())
        if not self.report(agency, left_in_queue):
            sys.exit(1)

    def report(self, agency: Agency, left_in_queue: int) -> bool:
        """Print the figures, and return whether all guarantees hold."""
        tally = agency.tally
        fairness = tally.fairness()
        fair, won = tally.first_week
        newcomer = round(won / fair, 2) if fair else math.nan
        regret = sorted(tally.regret)
        mean, p95 = round(sum(regret) / len(regret), 2), regret[int(len(regret) * 0.95)]
        missed = tally.unassigned_while_eligible + left_in_queue
        nobody_eligible = tally.unassigned - tally.unassigned_while_eligible
        rows: list[tuple[str, float, str]] = [
            ("visits booked", tally.booked, ""),
            ("Jain's index of shares relative to exposure", fairness, f"at least {MIN_FAIRNESS}"),
            ("newcomer's first week, in fair shares", newcomer, f"at most {MAX_NEWCOMER_SHARE}"),
            ("unassigned while an agent was eligible", missed, "0"),
            ("unassigned, no agent eligible", nobody_eligible, ""),
            ("regret in live visits, mean", mean, ""),
            ("regret in live visits, 95th percentile", p95, ""),
        ]
        for name, value, guarantee in rows:
            self.stdout.write(f"{name:<44} {value:>8}  {guarantee}".rstrip())
        holds = fairness >= MIN_FAIRNESS and newcomer <= MAX_NEWCOMER_SHARE and not missed
        self.stdout.write(
            "All guarantees hold." if holds else "A guarantee is broken: compare the last column."
        )
        return holds
