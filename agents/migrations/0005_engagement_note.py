"""An engagement's reason is for the seeker, its note for the agency: the words of staff become notes."""

from django.db import migrations, models

# The reasons that services give.
SPLIT = """
    UPDATE agents_engagement SET note = reason, reason = ''
    WHERE reason NOT IN (
        '', 'First booking', 'Assigned to a visit', 'Asked for an agent', 'From the queue',
        'The agent is away then', 'The agent has left',
        'Moved to a time at which the former agent was not free'
    )
"""
JOIN = "UPDATE agents_engagement SET reason = note WHERE reason = ''"


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_drop_lower_all")]

    operations = [
        migrations.AddField("engagement", "note", models.CharField(blank=True, max_length=200, default="")),
        migrations.AlterField("engagement", "note", models.CharField(blank=True, max_length=200)),
        migrations.RunSQL(SPLIT, JOIN),
    ]
