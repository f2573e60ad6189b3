"""Whether the database is the one that this code's migrations make."""

from django.core.management import CommandError
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

# One of each app's that went when the migrations were made anew for release 0.1.0. Only a database from
# before knows any of them, and nothing can bring it up to date.
BEFORE_RELEASE = {
    ("accounts", "0002_on_delete"),
    ("agents", "0003_on_delete"),
    ("flatmates", "0002_on_delete"),
    ("ghar", "0001_outbox"),
    ("mcp", "0001_grant"),
    ("properties", "0002_on_delete"),
    ("visits", "0002_guarantees"),
}
START_AGAIN = (
    "This database was made by migrations from before release 0.1.0, which no longer exist. Start again with"
    " an empty one: remove the folder postgres in GHAR_DATA_DIR (.data), or name a new database in"
    " DATABASE_URL; then run: python manage.py migrate"
)


def missing_migrations(loader: MigrationLoader | None = None) -> list[str]:
    """Return those not applied yet, as "app.name", in order."""
    loader = loader or MigrationLoader(connection)
    missing = set(loader.graph.nodes) - set(loader.applied_migrations)
    return sorted(".".join(key) for key in missing)


def is_from_before_release(database: BaseDatabaseWrapper) -> bool:
    return not BEFORE_RELEASE.isdisjoint(MigrationRecorder(database).applied_migrations())


def refuse_if_from_before_release(database: BaseDatabaseWrapper) -> None:
    """Raise the CommandError with which a command ends that needs a database of today."""
    if is_from_before_release(database):
        raise CommandError(START_AGAIN)
