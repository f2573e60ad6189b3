"""An agent's time off as a function, and open hours with a plan that is made once per connection."""

from django.db import migrations

# PL/pgSQL keeps the plan of each statement for the connection; the planner would otherwise think longer
# about these few rows than reading them takes.
PLANNED_ONCE = "STABLE PARALLEL SAFE COST 1000 SET plan_cache_mode = force_generic_plan"

# AT TIME ZONE resolves a local time that a clock change skips or repeats to the later of its two instants.
OPEN_HOURS = f"""
CREATE OR REPLACE FUNCTION agent_open_hours(agent bigint, zone text, span tstzrange) RETURNS tstzmultirange
LANGUAGE plpgsql {PLANNED_ONCE} AS $$
DECLARE
    first date := (lower(span) AT TIME ZONE zone)::date - 1;
    last date := (upper(span) AT TIME ZONE zone)::date;
BEGIN
    RETURN (
        WITH own AS MATERIALIZED (
            SELECT weekday, opens, closes FROM agents_workinghours WHERE agent_id = agent
        ), hours AS (
            SELECT weekday, opens, closes FROM own
            UNION ALL
            SELECT day, time '09:00', time '19:00' FROM generate_series(0, 6) AS day
            WHERE NOT EXISTS (SELECT FROM own)
        ), shifts AS (
            SELECT (day + opens) AT TIME ZONE zone AS opening,
                   (day + (closes = time '00:00')::int + closes) AT TIME ZONE zone AS closing
            FROM (SELECT first + n AS day FROM generate_series(0, last - first) AS n) AS days
            JOIN hours ON weekday = extract(isodow FROM day) - 1
        )
        SELECT coalesce(range_agg(tstzrange(opening, closing)), '{{}}') FROM shifts WHERE opening < closing
    );
END $$;
"""

TIME_OFF = f"""
CREATE FUNCTION agent_time_off(agent bigint, span tstzrange) RETURNS tstzmultirange
LANGUAGE plpgsql {PLANNED_ONCE} AS $$
BEGIN
    RETURN (
        SELECT coalesce(range_agg(period), '{{}}') FROM agents_timeoff WHERE agent_id = agent AND period && span
    );
END $$;
COMMENT ON FUNCTION agent_time_off IS 'When the agent is on time off, as far as it touches the span.';
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_times_chosen")]

    operations = [
        # The former definition did the same: there is nothing to go back to.
        migrations.RunSQL(OPEN_HOURS, migrations.RunSQL.noop),
        migrations.RunSQL(TIME_OFF, "DROP FUNCTION agent_time_off(bigint, tstzrange)"),
    ]
