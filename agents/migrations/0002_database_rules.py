"""The database's own rules for agents: open hours, cities without case, counted engagements."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Cast

from ghar.migration_operations import EnforceOnDelete, InstallSQL


# Migration 0003 replaces it by functions that fold more than case.
LOWER_ALL = """
CREATE OR REPLACE FUNCTION lower_all(items text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(lower(item) ORDER BY position), '{}')
    FROM unnest(items) WITH ORDINALITY AS listed(item, position)
$$
"""


class LowerAll(models.Func):
    function = "lower_all"
    output_field = ArrayField(models.TextField())


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]

    operations = [
        migrations.RunSQL(LOWER_ALL, "DROP FUNCTION lower_all"),
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
