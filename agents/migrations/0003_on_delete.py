import ghar.validators
from django.db import migrations, models

from ghar.migration_operations import EnforceOnDelete


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_database_rules"), ("accounts", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="agent",
            name="avatar_url",
            field=models.CharField(blank=True, max_length=500, validators=[ghar.validators.validate_link]),
        ),
        migrations.AddIndex(
            model_name="agent", index=models.Index(fields=["name", "id"], name="agent_directory")
        ),
        EnforceOnDelete(),
    ]
