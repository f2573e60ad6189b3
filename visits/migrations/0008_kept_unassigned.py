"""A visit whose agent staff took off waits for staff, those that wait by now as well."""

from django.db import migrations, models

# The last event that put an agent on the visit, or took one off it, is staff's.
KEEP_UNASSIGNED = """
UPDATE visits_visit SET kept_unassigned = true
WHERE live AND agent_id IS NULL AND visit_context = 'property_tour' AND (
    SELECT event.change = 'unassigned' AND NOT jsonb_exists(event.data, 'absent')
    FROM visits_visitevent event
    WHERE event.visit_id = visits_visit.id
        AND (event.change = 'unassigned' OR event.data ->> 'agent_id' IS NOT NULL)
    ORDER BY event.id DESC LIMIT 1
)
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0007_time_slot_label")]

    operations = [
        migrations.AddField(
            model_name="visit",
            name="kept_unassigned",
            field=models.BooleanField(
                default=False, help_text="Staff unassigned the agent: only staff assign this visit now."
            ),
        ),
        migrations.RunSQL(KEEP_UNASSIGNED, migrations.RunSQL.noop),
    ]
