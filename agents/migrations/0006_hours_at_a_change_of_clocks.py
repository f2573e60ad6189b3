"""Working hours on nights when clocks change; agents whose zone the database does not know have none."""

from django.db import migrations

from ghar.migration_operations import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("agents", "0005_engagement_note"), ("ghar", "0006_local_time")]

    operations = [InstallSQL("agents/sql/agent_open_hours.sql", again=True)]
