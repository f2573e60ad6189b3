from django.core.validators import MaxLengthValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("properties", "0004_price_index"),
    ]

    operations = [
        migrations.AlterField(
            model_name="property",
            name="description",
            field=models.TextField(blank=True, max_length=10000, validators=[MaxLengthValidator(10000)]),
        ),
    ]
