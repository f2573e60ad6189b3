"""What the commands share that work on the data."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from ghar.migration_state import missing_migrations, refuse_if_from_before_release


class DataCommand(BaseCommand):
    """Needs the tables as the code knows them: without, it says what to do instead of failing midway."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        refuse_if_from_before_release(connection)
        if missing_migrations():
            raise CommandError("Run manage.py migrate first.")
        return super().execute(*args, **options)
