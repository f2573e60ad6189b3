from importlib import import_module

from django.db import migrations

LOWER_ALL = import_module("agents.migrations.0002_database_rules").LOWER_ALL


class Migration(migrations.Migration):
    dependencies = [("agents", "0003_text_keys")]

    operations = [migrations.RunSQL("DROP FUNCTION lower_all", LOWER_ALL)]
