"""Store the present names of time zones, and 23:59 as the end of a day."""

from django.db import migrations

import ghar.fields
from ghar.migration_operations import StorePresentZones


class Migration(migrations.Migration):
    dependencies = [("agents", "0006_hours_at_a_change_of_clocks")]

    operations = [
        migrations.AlterField(
            model_name="agent",
            name="timezone",
            field=ghar.fields.TimeZoneField(default="Asia/Kolkata", max_length=64),
        ),
        StorePresentZones("agents_agent"),
        migrations.RunSQL(
            "UPDATE agents_workinghours SET closes = '00:00' WHERE closes >= '23:59' AND opens < '23:59'",
            migrations.RunSQL.noop,
        ),
    ]
