import sys
from argparse import ArgumentParser
from typing import Any

from agents.models import Agent
from ghar.management.base import DataCommand
from visits.assignment import counters


class Command(DataCommand):
    help = (
        "Compare the live visits and seekers that stand on each agent's row with what there is, and repair "
        "what differs. Triggers keep them; a difference means that somebody switched the triggers off. "
        "Exit code: 0 when all agreed, 1 when something had drifted (also when it is repaired now)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only report")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        drifts = counters.find_drift()
        for drift in drifts:
            told = f"{drift.counter} {drift.stored}, counted {drift.counted}"
            self.stdout.write(f"{drift.agent.name} ({drift.agent.pk}): {told}")
        repaired = 0 if check else sum(len(counters.repair_counter(drift)) for drift in _once_each(drifts))
        self.stdout.write(f"{Agent.objects.count()} agents, {len(drifts)} drifts, {repaired} repaired.")
        if drifts:
            sys.exit(1)


def _once_each(drifts: list[counters.Drift]) -> list[counters.Drift]:
    return list({drift.agent.pk: drift for drift in drifts}.values())
