from django.db import migrations

from ghar.migration_operations import EnforceOnDelete


class Migration(migrations.Migration):
    """Plain SQL may delete a user: their tokens and admin log go with them, as Django would do it."""

    dependencies = [
        ("accounts", "0001_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("knox", "0009_extend_authtoken_field"),
    ]

    operations = [EnforceOnDelete(), EnforceOnDelete("admin"), EnforceOnDelete("knox")]
