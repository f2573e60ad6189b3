from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0007_cities_of_the_employed"), ("visits", "0013_declared_columns")]

    operations = [
        migrations.RenameField("agent", "times_chosen", "assignments_won"),
        migrations.RenameField("agent", "chances", "expected_share"),
        migrations.AlterField(
            "agent",
            "expected_share",
            models.FloatField(
                default=0, editable=False, help_text="What a fair share of those choices would have been."
            ),
        ),
    ]
