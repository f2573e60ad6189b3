"""Whether the database is the one that this code's migrations make."""

from django.db import connection
from django.db.migrations.loader import MigrationLoader


def missing_migrations(loader: MigrationLoader | None = None) -> list[str]:
    """Those not applied yet, as "app.name" in order."""
    loader = loader or MigrationLoader(connection)
    missing = set(loader.graph.nodes) - set(loader.applied_migrations)
    return sorted(".".join(key) for key in missing)
