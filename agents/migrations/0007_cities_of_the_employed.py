from django.db import migrations

INDEX = "CREATE INDEX agent_cities ON agents_agent USING gin (lower_all(cities::text[])) WHERE {condition}"
DROP = "DROP INDEX agent_cities"


class Migration(migrations.Migration):
    """Why nobody can take a visit is asked of those, too, who take no new visits now."""

    dependencies = [("agents", "0006_chances")]

    operations = [
        migrations.RunSQL(
            [DROP, INDEX.format(condition="is_active")],
            [DROP, INDEX.format(condition="is_active AND is_available")],
        )
    ]
