"""The functions by which texts are compared. Other apps' indexes use them, so they come first."""

from django.db import migrations

from ghar.migration_operations import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("ghar", "0002_database_rules")]

    operations = [InstallSQL("ghar/sql/text_key.sql"), InstallSQL("ghar/sql/text_keys.sql")]
