"""What was stored as `features`, an object, becomes `attributes`; `features` is a list of texts."""

from django.db import migrations, models

import properties.validators


class Migration(migrations.Migration):

    dependencies = [
        ("properties", "0004_canonical_zones"),
    ]

    operations = [
        migrations.RenameField(model_name="property", old_name="features", new_name="attributes"),
        migrations.AlterField(
            model_name="property",
            name="attributes",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What has no field of its own, by name; each value is a text.",
                validators=[properties.validators.validate_attributes],
            ),
        ),
        migrations.AddField(
            model_name="property",
            name="features",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="A list of texts, such as Sea view.",
                validators=[properties.validators.validate_features],
            ),
        ),
    ]
