from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_times_chosen"), ("visits", "0007_fair_share_on_delete")]

    operations = [migrations.RemoveField(model_name="fairshare", name="chosen")]
