from django.db import migrations

from ghar.migration_operations import EnforceOnDelete


class Migration(migrations.Migration):
    dependencies = [("flatmates", "0001_initial")]

    operations = [EnforceOnDelete()]
