from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from ghar import clock, events
from ghar.api import idempotency
from ghar.management.base import DataCommand
from ghar.streams import tickets


class Command(DataCommand):
    help = (
        "Delete old events from the outbox, expired stream tickets, and the stored answers to writes with an"
        " Idempotency-Key that are older than a day. Run it daily."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        days = settings.EVENTS_KEPT_DAYS
        parser.add_argument(
            "--days", type=int, default=days, help=f"days to keep events (GHAR_EVENTS_KEPT_DAYS, {days})"
        )

    def handle(self, *, days: int, **options: Any) -> None:
        removed = events.prune(before=clock.now() - timedelta(days=days))
        tickets.delete_expired()
        idempotency.delete_expired()
        self.stdout.write(f"Removed {removed} events older than {days} days.")
