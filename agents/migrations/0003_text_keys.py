"""Cities are compared by their keys; names and cities lose what nobody sees in them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Cast

from ghar.migration_operations import CleanTexts
from ghar.text_keys import TextKeys


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_database_rules"), ("ghar", "0003_text_keys")]

    operations = [
        migrations.RemoveIndex(model_name="agent", name="agent_cities"),
        CleanTexts("agent", lines=["name", "cities"], paragraphs=["description"]),
        migrations.AddIndex(
            model_name="agent",
            index=GinIndex(
                TextKeys(Cast("cities", ArrayField(models.TextField()))),
                condition=models.Q(is_active=True),
                name="agent_cities",
            ),
        ),
    ]
