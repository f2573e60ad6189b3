from typing import Any

from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's, without the checks of the database as it should be after it."""

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[str | None, Any]:
        return {**super().get_check_kwargs(options), "databases": []}
