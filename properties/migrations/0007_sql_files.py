from django.db import migrations

from ghar.migration_operations import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("properties", "0006_great_circle")]

    operations = [InstallSQL("properties/sql/great_circle_km.sql")]
