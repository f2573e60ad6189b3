from django.db import migrations

from ghar.migration_operations import EnforceOnDelete, InstallSQL


class Migration(migrations.Migration):
    dependencies = [("properties", "0001_initial")]

    operations = [InstallSQL("properties/sql/great_circle_km.sql"), EnforceOnDelete()]
