"""A change has a reason for the people and a note for the agency: what staff and agents wrote becomes notes.

Reasons that services give and those of participants stay; an author who is unknown by now counts as staff.
"""

from django.db import migrations, models

SPLIT = """
    UPDATE visits_visitevent event SET note = reason, reason = ''
    FROM visits_visit visit
    WHERE visit.id = event.visit_id
        AND reason NOT IN (
            '', 'The listing was withdrawn.', 'The account of a participant was closed.',
            'The two are no longer matched.', 'From the queue', 'The agent is away then', 'The agent has left'
        )
        AND (
            actor_id IS NULL
            OR actor_id <> visit.user_id AND actor_id IS DISTINCT FROM visit.counterparty_user_id
        )
"""
JOIN = "UPDATE visits_visitevent SET reason = note WHERE reason = ''"
HIDE = """
    UPDATE visits_visit visit SET cancellation_reason = ''
    FROM visits_visitevent event
    WHERE event.visit_id = visit.id AND change = 'cancelled' AND cancellation_reason = note AND note <> ''
"""
SHOW = """
    UPDATE visits_visit visit SET cancellation_reason = note
    FROM visits_visitevent event
    WHERE event.visit_id = visit.id AND change = 'cancelled' AND cancellation_reason = ''
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0005_feedback_on_delete")]

    operations = [
        migrations.AddField("visitevent", "note", models.CharField(blank=True, max_length=500, default="")),
        migrations.AlterField("visitevent", "note", models.CharField(blank=True, max_length=500)),
        migrations.RunSQL(SPLIT, JOIN),
        migrations.RunSQL(HIDE, SHOW),
    ]
