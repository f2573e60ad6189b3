from django.db import migrations

# Of years that no form or route takes, as far as they could be entered, nothing can be made but "no date".
TIDY = """
UPDATE visits_visit SET follow_up_date = CASE
    WHEN follow_up_date >= '1900-01-01 00:00Z' AND follow_up_date < '3000-01-01 00:00Z' THEN date_trunc('minute', follow_up_date)
END
WHERE follow_up_date IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0010_chances_on_the_agent")]

    operations = [migrations.RunSQL(TIDY, migrations.RunSQL.noop)]
