from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0005_calendar")]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="chances",
            field=models.FloatField(
                default=0,
                editable=False,
                help_text="The agent's part of each such choice that could have been won.",
            ),
        ),
        # Counters change with each choice: room on the page spares the indexes a new entry each time.
        migrations.RunSQL(
            "ALTER TABLE agents_agent SET (fillfactor = 70)", "ALTER TABLE agents_agent RESET (fillfactor)"
        ),
    ]
