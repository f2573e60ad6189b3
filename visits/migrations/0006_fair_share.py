import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0003_on_delete"), ("visits", "0005_groups")]

    operations = [
        migrations.CreateModel(
            name="FairShare",
            fields=[
                (
                    "agent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="fair_share",
                        serialize=False,
                        to="agents.agent",
                        verbose_name="agent",
                    ),
                ),
                (
                    "chances",
                    models.FloatField(
                        default=0, help_text="His part of each choice that he could have won."
                    ),
                ),
                ("chosen", models.PositiveIntegerField(default=0)),
            ],
            options={"verbose_name_plural": "fair shares"},
        ),
        # Choices are numbered, so that their lots are spread evenly. A number that is lost does not matter.
        migrations.RunSQL("CREATE SEQUENCE visits_choice", "DROP SEQUENCE visits_choice"),
    ]
