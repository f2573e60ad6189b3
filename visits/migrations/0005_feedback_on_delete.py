"""The database deletes feedback with its visit and its author."""

from django.db import migrations

from ghar.migration_operations import EnforceOnDelete


class Migration(migrations.Migration):
    dependencies = [("visits", "0004_feedback")]

    operations = [EnforceOnDelete()]
