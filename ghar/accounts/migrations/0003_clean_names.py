from django.db import migrations

from ghar.migration_operations import CleanTexts


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_database_rules")]

    operations = [CleanTexts("user", lines=["full_name"])]
