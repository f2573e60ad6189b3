from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from ghar.migration_state import refuse_if_from_before_release


class Command(migrate.Command):
    """Django's own, but for a database that no migration can bring up to date."""

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[str | None, Any]:
        """Ask nothing of the database before it is migrated."""
        return {**super().get_check_kwargs(options), "databases": []}

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_if_from_before_release(connections[options["database"]])
        super().handle(*args, **options)
