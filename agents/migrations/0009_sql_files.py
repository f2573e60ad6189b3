import django.contrib.postgres.indexes
from django.db import migrations, models

import agents.models
from ghar.migration_operations import InstallSQL

DROP = """
DROP INDEX agent_cities;
DROP FUNCTION agent_open_hours(bigint, text, tstzrange);
DROP FUNCTION agents_engagement_insert() CASCADE;
DROP FUNCTION agents_engagement_update() CASCADE;
DROP FUNCTION agents_engagement_delete() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0008_shares")]

    operations = [
        migrations.RunSQL(DROP),
        InstallSQL("agents/sql/lower_all.sql"),
        migrations.AddIndex(
            "agent",
            django.contrib.postgres.indexes.GinIndex(
                agents.models.LOWER_CITIES, name="agent_cities", condition=models.Q(is_active=True)
            ),
        ),
        InstallSQL("agents/sql/agent_open_hours.sql"),
        InstallSQL("agents/sql/agent_time_off.sql"),
        InstallSQL("agents/sql/agents_count_engagements.sql"),
    ]
