from django.db import migrations

from ghar.migration_operations import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("visits", "0013_declared_columns"), ("properties", "0007_sql_files")]

    operations = [InstallSQL("visits/sql/agent_taken.sql"), InstallSQL("visits/sql/visits_count_live.sql")]
