"""Commands refuse to run on a database that is not migrated, and say what to do."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from ghar.accounts.models import User

pytestmark = pytest.mark.django_db

COMMANDS = {
    "seed_demo": [],
    "assign_pending_visits": [],
    "close_idle_engagements": [],
    "reconcile_agent_load": [],
    "prune_events": [],
    "import_listings": ["-"],
    "export_csv": ["visits"],
    "bench_events": [],
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("missing", ["tables", "the last migration"])
def test_a_command_on_an_unmigrated_database_changes_nothing_and_says_what_to_do(name, missing):
    recorder = MigrationRecorder(connection)
    if missing == "tables":
        connection.cursor().execute("DROP TABLE django_migrations")
    else:
        recorder.migration_qs.filter(app="visits").latest("id").delete()
    with pytest.raises(CommandError, match=r"^Run manage\.py migrate first\.$"):
        call_command(name, *COMMANDS[name])
    assert not User.objects.exists()
