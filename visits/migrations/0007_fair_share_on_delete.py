from django.db import migrations

from ghar.migration_operations import EnforceOnDelete


class Migration(migrations.Migration):
    dependencies = [("visits", "0006_fair_share")]

    operations = [EnforceOnDelete()]
