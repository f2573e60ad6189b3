from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from ghar.management.base import DataCommand
from visits.assignment import engagements


class Command(DataCommand):
    help = (
        "End the engagements of seekers who have had no visit and no contact for long: with their next visit "
        "they get whoever is best then. Running it again changes nothing; interrupted, the rest stays open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        usual = settings.ENGAGEMENT_IDLE_DAYS
        parser.add_argument(
            "--days", type=int, help=f"idle for so many days (ENGAGEMENT_IDLE_DAYS, now {usual})"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say which would end")

    def handle(self, *args: Any, days: int | None, dry_run: bool, **options: Any) -> None:
        idle = engagements.idle_engagements(days).select_related("agent", "seeker")
        ended = 0
        for engagement in idle if dry_run else engagements.close_idle_engagements(days=days):
            ended += 1
            if options["verbosity"] > 1 or dry_run:
                began = f"{engagement.started_at:%Y-%m-%d}"
                self.stdout.write(f"Seeker {engagement.seeker_id} with {engagement.agent.name} since {began}")
        self.stdout.write(f"{ended} would end." if dry_run else f"{ended} ended.")
