from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_clean_names")]

    operations = [
        migrations.AddField(
            "user", "session_generation", models.PositiveIntegerField(default=0, editable=False)
        )
    ]
