from django.db import migrations

from ghar.migration_operations import EnforceOnDelete


class Migration(migrations.Migration):
    dependencies = [("ghar", "0004_stored_answer")]

    operations = [EnforceOnDelete()]
