"""Base classes of this project's commands."""

from argparse import RawDescriptionHelpFormatter
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from ghar.migration_state import missing_migrations, refuse_if_from_before_release


class DocumentedCommand(BaseCommand):
    """A command whose --help shows `description` and `epilog` as they are written, line by line."""

    description: ClassVar[str]
    epilog: ClassVar[str]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": self.epilog}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.description = self.description
        return parser


class DataCommand(BaseCommand):
    """A command that needs a migrated database, and says so at once instead of failing midway."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        refuse_if_from_before_release(connection)
        if missing_migrations():
            raise CommandError("Run manage.py migrate first.")
        return super().execute(*args, **options)
