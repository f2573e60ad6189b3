"""Events get their place in the order of commits, and whoever listens is woken."""

from django.db import migrations

from ghar.migration_operations import EnforceOnDelete, InstallSQL


class Migration(migrations.Migration):
    dependencies = [("ghar", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE ghar_event_seq", "DROP SEQUENCE ghar_event_seq"),
        InstallSQL("ghar/sql/ghar_stamp_event.sql"),
        EnforceOnDelete(),
    ]
