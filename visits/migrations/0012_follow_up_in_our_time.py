from datetime import UTC, datetime

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("visits", "0011_tidy_follow_ups")]

    operations = [
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                name="visit_follow_up_in_our_time",
                condition=Q(follow_up_date__isnull=True)
                | Q(
                    follow_up_date__gte=datetime(1900, 1, 1, tzinfo=UTC),
                    follow_up_date__lt=datetime(3000, 1, 1, tzinfo=UTC),
                ),
            ),
        ),
    ]
