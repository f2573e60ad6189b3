"""The database's own rules for agents: open hours, cities without case, counted engagements."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Cast

from agents.models import LowerAll
from ghar.migration_operations import EnforceOnDelete, InstallSQL


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]

    operations = [
        InstallSQL("agents/sql/lower_all.sql"),
        migrations.AddIndex(
            model_name="agent",
            index=GinIndex(
                LowerAll(Cast("cities", ArrayField(models.TextField()))),
                condition=models.Q(is_active=True),
                name="agent_cities",
            ),
        ),
        InstallSQL("agents/sql/agent_open_hours.sql"),
        InstallSQL("agents/sql/agent_time_off.sql"),
        InstallSQL("agents/sql/agents_count_engagements.sql"),
        # Counters change with each choice: room on the page spares the indexes a new entry each time.
        migrations.RunSQL(
            "ALTER TABLE agents_agent SET (fillfactor = 70)", "ALTER TABLE agents_agent RESET (fillfactor)"
        ),
        EnforceOnDelete(),
    ]
