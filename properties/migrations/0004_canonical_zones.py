"""Store the present names of time zones."""

from django.db import migrations

import ghar.fields
from ghar.migration_operations import StorePresentZones


class Migration(migrations.Migration):
    dependencies = [("properties", "0003_text_keys")]

    operations = [
        migrations.AlterField(
            model_name="property",
            name="timezone",
            field=ghar.fields.TimeZoneField(default="Asia/Kolkata", max_length=64),
        ),
        StorePresentZones("properties_property"),
    ]
