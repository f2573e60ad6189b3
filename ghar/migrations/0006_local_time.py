"""Local times in the database: repeated and skipped hours, and zones that it does not know."""

from django.db import migrations

from ghar.migration_operations import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("ghar", "0005_stored_answer_on_delete")]

    operations = [
        InstallSQL("ghar/sql/ghar_knows_zone.sql"),
        InstallSQL("ghar/sql/ghar_local_date.sql"),
        InstallSQL("ghar/sql/ghar_local_moment.sql"),
    ]
