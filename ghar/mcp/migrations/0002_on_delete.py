from django.db import migrations

from ghar.migration_operations import EnforceOnDelete


class Migration(migrations.Migration):
    """Plain SQL may delete a user: what they granted to assistants goes with them."""

    dependencies = [("mcp", "0001_initial"), ("accounts", "0002_database_rules")]

    operations = [EnforceOnDelete("django_mcpz_oauth")]
