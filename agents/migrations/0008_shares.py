from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0007_cities_of_the_employed"), ("visits", "0013_declared_columns")]

    operations = [
        migrations.RenameField("agent", "times_chosen", "assignments_won"),
        # PostgreSQL keeps the name of the column's own check.
        migrations.RunSQL(
            "ALTER TABLE agents_agent"
            " RENAME CONSTRAINT agents_agent_times_chosen_check TO agents_agent_assignments_won_check",
            "ALTER TABLE agents_agent"
            " RENAME CONSTRAINT agents_agent_assignments_won_check TO agents_agent_times_chosen_check",
        ),
        migrations.RenameField("agent", "chances", "expected_share"),
        migrations.AlterField(
            "agent",
            "expected_share",
            models.FloatField(
                default=0, editable=False, help_text="What a fair share of those choices would have been."
            ),
        ),
    ]
