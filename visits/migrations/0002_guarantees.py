"""What Django cannot declare: people in one place, and the count of an agent's live visits."""

from django.db import migrations

LIVE = "('scheduled', 'confirmed', 'rescheduled')"

# int8range(NULL, NULL) would be infinite, hence the CASE.
PEOPLE = f"""
ALTER TABLE visits_visit ADD COLUMN people int8multirange NOT NULL GENERATED ALWAYS AS (
    CASE WHEN counterparty_user_id IS NULL
        THEN int8multirange(int8range(user_id, user_id, '[]'))
        ELSE int8multirange(
            int8range(user_id, user_id, '[]'),
            int8range(counterparty_user_id, counterparty_user_id, '[]'))
    END) STORED;
ALTER TABLE visits_visit ADD CONSTRAINT visit_person_in_one_place EXCLUDE USING gist (
    people WITH &&, tstzrange(scheduled_date, scheduled_end) WITH &&
) WHERE (status IN {LIVE});
"""

COUNT_LIVE = f"""
CREATE FUNCTION visits_count_live() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    leaves bigint := CASE WHEN OLD.status IN {LIVE} THEN OLD.agent_id END;
    gets bigint := CASE WHEN NEW.status IN {LIVE} THEN NEW.agent_id END;
BEGIN
    IF leaves IS DISTINCT FROM gets THEN
        PERFORM 1 FROM agents_agent WHERE id IN (leaves, gets) ORDER BY id FOR NO KEY UPDATE;
        UPDATE agents_agent SET live_visits = live_visits - 1 WHERE id = leaves;
        UPDATE agents_agent SET live_visits = live_visits + 1 WHERE id = gets;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER visits_count_live AFTER INSERT OR DELETE OR UPDATE OF agent_id, status ON visits_visit
    FOR EACH ROW EXECUTE FUNCTION visits_count_live();
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0001_initial")]

    operations = [
        migrations.RunSQL(
            PEOPLE,
            "ALTER TABLE visits_visit DROP CONSTRAINT visit_person_in_one_place, DROP COLUMN people",
        ),
        migrations.RunSQL(
            COUNT_LIVE,
            "DROP TRIGGER visits_count_live ON visits_visit; DROP FUNCTION visits_count_live()",
        ),
    ]
