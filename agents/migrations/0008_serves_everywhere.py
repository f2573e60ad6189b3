"""No cities no longer mean every city. The agents who have none so far keep what they had."""

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models

KEEP_WHAT_THEY_HAD = "UPDATE agents_agent SET serves_everywhere = true WHERE cities = '{}'"


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0007_canonical_zones"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="serves_everywhere",
            field=models.BooleanField(
                default=False, help_text="Whatever cities are listed.", verbose_name="serves every city"
            ),
        ),
        migrations.AlterField(
            model_name="agent",
            name="cities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=80),
                blank=True,
                default=list,
                help_text="An agent gets visits in these cities only, and none before there are any.",
                size=100,
            ),
        ),
        migrations.AddIndex(
            model_name="agent",
            index=models.Index(
                condition=models.Q(("is_active", True), ("serves_everywhere", True)),
                fields=["id"],
                name="agent_everywhere",
            ),
        ),
        migrations.RunSQL(KEEP_WHAT_THEY_HAD, migrations.RunSQL.noop),
    ]
