import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from ghar.management.base import DataCommand
from visits import services
from visits.models import Visit

log = logging.getLogger(__name__)


class Command(DataCommand):
    help = (
        "Give every visit that waits without an agent the best one who can take it, soonest first. "
        "Several may run at once: no visit is assigned twice. Running it again changes nothing that is done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="look again and again until interrupted")
        parser.add_argument("--interval", type=float, default=30, help="seconds between looks (30)")
        parser.add_argument("--limit", type=int, help="give at most so many visits an agent each time")

    def handle(self, *args: Any, watch: bool, interval: float, limit: int | None, **options: Any) -> None:
        try:
            self.sweep(limit, options["verbosity"])
            while watch:
                time.sleep(interval)
                self.next_sweep(limit, options["verbosity"], interval)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; what was assigned stays.")

    def next_sweep(self, limit: int | None, verbosity: int, interval: float) -> None:
        """A database that restarts does not end the watch: the round after this one connects anew."""
        try:
            self.sweep(limit, verbosity, quiet=True)
        except (OperationalError, InterfaceError) as error:
            log.warning("No database to assign visits in; again in %g s: %s", interval, error)
            connection.close()

    def sweep(self, limit: int | None, verbosity: int, quiet: bool = False) -> None:
        """`quiet`: say nothing when nothing was done."""
        assigned = 0
        for tried in services.assign_pending(limit=limit):
            assigned += tried.assigned
            if verbosity > 1 or tried.assigned:
                self.stdout.write(self.line(tried))
        if assigned or not quiet:
            waiting, urgent = Visit.objects.unassigned().count(), Visit.objects.urgent().count()
            told = f", {urgent} of them urgent" if urgent else ""
            self.stdout.write(f"{assigned} assigned, {waiting} still waiting{told}.")

    def line(self, tried: Any) -> str:
        visit = tried.visit
        where = f"Visit {visit.pk} on {visit.scheduled_date:%Y-%m-%d %H:%M} UTC in {visit.property.city}"
        return f"{where}: {visit.agent.name if tried.assigned else 'nobody can take it'}"
