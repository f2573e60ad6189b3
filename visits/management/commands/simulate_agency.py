import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from visits.management.scratch_database import scratch_database
from visits.management.simulation import Agency

LEAST_FAIRNESS, MOST_OF_NEWCOMER = 0.99, 1.5


class Command(BaseCommand):
    help = (
        "Live through 60 days of an agency in a database of its own, removed afterwards, and print how "
        "fairly its visits were given to agents. Exit code 1 when a figure is worse than promised. "
        "Takes some minutes; --quick is 30 days of fewer visits."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="30 days with 24 visits for 10 agents")
        parser.add_argument("--seed", type=int, default=1, help="of all that is random (1)")

    def handle(self, *args: Any, quick: bool, seed: int, **options: Any) -> None:
        days, visits, agents = (30, 24, 10) if quick else (60, 80, 20)
        agency = Agency(days=days, visits_a_day=visits, agents=agents, seed=seed)
        with scratch_database("ghar_simulation"):
            for day in agency.run():
                if day % 10 == 9:
                    self.stdout.write(f"day {day + 1}: {agency.tally.booked} booked")
            left_over = agency.left_over()
        if not self.report(agency, left_over):
            sys.exit(1)

    def report(self, agency: Agency, left_over: int) -> bool:
        tally = agency.tally
        mean, p95 = tally.regrets()
        missed = tally.unassigned_while_eligible + left_over
        rows = [
            ("visits booked", tally.booked, ""),
            ("Jain's index of exposure-normalised shares", tally.fairness(), f"at least {LEAST_FAIRNESS}"),
            ("newcomer's first week, in fair shares", tally.newcomer(), f"at most {MOST_OF_NEWCOMER}"),
            ("unassigned while someone was eligible", missed, "0"),
            ("unassigned, nobody was eligible", tally.unassigned - tally.unassigned_while_eligible, ""),
            ("regret in live visits, mean", mean, ""),
            ("regret in live visits, 95th percentile", p95, ""),
        ]
        for name, value, promised in rows:
            self.stdout.write(f"{name:<44} {value:>8}  {promised}".rstrip())
        return tally.fairness() >= LEAST_FAIRNESS and tally.newcomer() <= MOST_OF_NEWCOMER and not missed
