from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("properties", "0003_guards_and_search"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="property",
            index=models.Index(fields=["base_price", "id"], name="property_price"),
        ),
    ]
