import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from ghar.clock import format_local
from ghar.management.base import DataCommand
from visits import services
from visits.models import Visit

log = logging.getLogger(__name__)


class Command(DataCommand):
    help = (
        "Assign the best eligible agent to each visit in the queue, soonest first. Visits that no agent can "
        "take stay in the queue. It is safe to run several at once: no visit is assigned twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="repeat until interrupted with Ctrl-C")
        parser.add_argument("--interval", type=float, default=30, help="seconds between rounds (30)")
        parser.add_argument("--limit", type=int, help="assign at most this many visits in each round")

    def handle(self, *args: Any, watch: bool, interval: float, limit: int | None, **options: Any) -> None:
        try:
            self.assign_queue(limit, options["verbosity"])
            while watch:
                time.sleep(interval)
                try:
                    self.assign_queue(limit, options["verbosity"], quiet=True)
                except (OperationalError, InterfaceError) as error:
                    # A restart of the database doesn't end the watch: the next round connects again.
                    log.warning("The database is not available; next attempt in %g s: %s", interval, error)
                    connection.close()
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. The visits that were assigned stay assigned.")

    def assign_queue(self, limit: int | None, verbosity: int, quiet: bool = False) -> None:
        """Run one round and print what it did. With `quiet`, a round without assignments prints nothing."""
        assigned = 0
        for visit, is_assigned in services.assign_pending(limit=limit):
            assigned += is_assigned
            if verbosity > 1 or is_assigned:
                when = format_local(visit.scheduled_date, visit.property.timezone)
                result = visit.agent.name if visit.agent else "no agent can take it"
                self.stdout.write(f"Visit {visit.pk} in {visit.property.city} on {when}: {result}")
        if assigned or not quiet:
            waiting, urgent = Visit.objects.unassigned().count(), Visit.objects.urgent().count()
            of_these = f", {urgent} of them urgent" if urgent else ""
            self.stdout.write(f"{assigned} assigned, {waiting} still waiting{of_these}.")
