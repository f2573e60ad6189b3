from django.db import migrations

from ghar.migration_operations import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("ghar", "0002_commit_order")]

    operations = [InstallSQL("ghar/sql/ghar_stamp_event.sql")]
