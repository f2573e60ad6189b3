import sys
from argparse import ArgumentParser
from typing import Any

from agents.models import Agent
from ghar.management.base import DataCommand
from visits import services
from visits.assignment import counters


class Command(DataCommand):
    help = (
        "Compare the counters of live visits and seekers on each agent's row with the rows they count, and "
        "repair those that differ. Triggers keep the counters; a difference means that somebody disabled the "
        "triggers, so check with manage.py doctor. Exit code: 0 when all counters were correct, 1 when one "
        "was not, even if it is repaired now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="report differences without repairing them")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        drifts = counters.find_drift()
        for drift in drifts:
            found = f"{drift.counter} is {drift.stored}, counted {drift.counted}"
            self.stdout.write(f"{drift.agent.name} ({drift.agent.pk}): {found}")
        repaired = 0
        if not check:
            # A repair sets all counters of its agent.
            one_per_agent = {drift.agent.pk: drift for drift in drifts}
            repaired = sum(len(services.repair_counter(drift)) for drift in one_per_agent.values())
        agents = Agent.objects.count()
        self.stdout.write(f"Agents: {agents}. Wrong counters: {len(drifts)}. Repaired: {repaired}.")
        if check and drifts:
            self.stdout.write("Run the command without --check to repair them.")
        if drifts:
            sys.exit(1)
