"""The database's own rules for visits: when an agent is taken, and how many live visits each has."""

from django.db import migrations

from ghar.migration_operations import EnforceOnDelete, InstallSQL


class Migration(migrations.Migration):
    dependencies = [
        ("visits", "0001_initial"),
        ("agents", "0002_database_rules"),
        ("properties", "0002_database_rules"),
    ]

    operations = [
        InstallSQL("visits/sql/agent_taken.sql"),
        InstallSQL("visits/sql/visits_count_live.sql"),
        # Choices are numbered, so that their lots are spread evenly. A number that is lost does not matter.
        migrations.RunSQL("CREATE SEQUENCE visits_choice", "DROP SEQUENCE visits_choice"),
        EnforceOnDelete(),
    ]
