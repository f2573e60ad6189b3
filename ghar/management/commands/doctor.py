from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from ghar import doctor

DESCRIPTION = """Look for what is wrong with this installation, and say what to do about it.

It looks at the settings, the version of PostgreSQL, the migrations, the extensions, constraints, triggers
and functions that keep anybody from being in two places, and the clocks. It changes nothing. What is wrong
`manage.py check --deploy` (settings) and `check --database default` say as well.
"""
EPILOG = "Exit code: 0 when all is well, 1 when something is not."


class Command(BaseCommand):
    help = "Look for what is wrong with this installation, and say what to do about it."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.description = DESCRIPTION
        return parser

    def handle(self, **options: Any) -> None:
        wrong = 0
        try:
            for finding in doctor.examine():
                self.show(finding)
                wrong += not finding.is_well
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from error
        if wrong:
            raise CommandError(f"{wrong} to put right.")
        self.stdout.write("All is well.")

    def show(self, finding: doctor.Finding) -> None:
        mark = self.style.SUCCESS("ok   ") if finding.is_well else self.style.ERROR("WRONG")
        self.stdout.write(f"{mark} {finding.name}: {finding.seen}")
        if finding.todo:
            self.stdout.write(f"      {finding.todo}")
