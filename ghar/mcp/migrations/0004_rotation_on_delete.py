from django.db import migrations

from ghar.migration_operations import EnforceOnDelete


class Migration(migrations.Migration):
    """Plain SQL may delete a user: the rotations of their refresh tokens go with the tokens."""

    dependencies = [("mcp", "0003_rotation")]

    operations = [EnforceOnDelete()]
