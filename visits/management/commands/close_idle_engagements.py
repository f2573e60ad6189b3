from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from agents.models import Engagement
from ghar.management.base import DataCommand
from visits import services
from visits.assignment.engagements import idle_engagements


class Command(DataCommand):
    help = (
        "End the engagements of seekers who have had no visit and no contact with their agent for a long "
        "time. Their next tour goes to the best agent at that time. It is safe to run the command again, "
        "also after an interruption."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            help=f"days without a visit or contact (ENGAGEMENT_IDLE_DAYS, {settings.ENGAGEMENT_IDLE_DAYS})",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="list the idle engagements without ending them"
        )

    def handle(self, *args: Any, days: int | None, dry_run: bool, **options: Any) -> None:
        engagements: Iterable[Engagement]
        if dry_run:
            engagements = idle_engagements(days).select_related("agent", "seeker")
        else:
            engagements = services.close_idle_engagements(days=days)
        count = 0
        for engagement in engagements:
            count += 1
            if options["verbosity"] > 1 or dry_run:
                began = f"{engagement.started_at:%Y-%m-%d}"
                self.stdout.write(f"Seeker {engagement.seeker_id} with {engagement.agent.name} since {began}")
        if dry_run:
            self.stdout.write(f"Idle engagements: {count}. Run the command without --dry-run to end them.")
        else:
            self.stdout.write(f"Engagements ended: {count}.")
