from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0003_on_delete")]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="times_chosen",
            field=models.PositiveIntegerField(
                default=0, editable=False, help_text="By automatic choices among equals."
            ),
        ),
    ]
