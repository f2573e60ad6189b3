from django.db import migrations

# A table of chances made each choice cost more with every agent of other cities: see docs/adr/0015.
MOVE = """
UPDATE agents_agent AS agent SET chances = share.chances
FROM visits_fairshare AS share WHERE share.agent_id = agent.id
"""
BACK = """
INSERT INTO visits_fairshare (agent_id, chances) SELECT id, chances FROM agents_agent WHERE chances > 0
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0009_agent_taken"), ("agents", "0006_chances")]

    operations = [
        migrations.RunSQL(MOVE, BACK),
        migrations.DeleteModel("FairShare"),
    ]
