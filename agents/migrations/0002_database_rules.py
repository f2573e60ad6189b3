"""What the database itself knows of agents: open hours, cities without case, counted engagements."""

from django.db import migrations

# AT TIME ZONE resolves a local time that a clock change skips or repeats to the later of its two instants.
OPEN_HOURS = """
CREATE FUNCTION agent_open_hours(agent bigint, zone text, span tstzrange) RETURNS tstzmultirange
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 AS $$
    WITH own AS (
        SELECT weekday, opens, closes FROM agents_workinghours WHERE agent_id = agent
    ), hours AS (
        SELECT weekday, opens, closes FROM own
        UNION ALL
        SELECT day, time '09:00', time '19:00' FROM generate_series(0, 6) AS day WHERE NOT EXISTS (SELECT FROM own)
    ), days AS (
        SELECT (lower(span) AT TIME ZONE zone)::date + n AS day
        FROM generate_series(-1, (upper(span) AT TIME ZONE zone)::date - (lower(span) AT TIME ZONE zone)::date + 1) AS n
    ), shifts AS (
        SELECT (day + opens) AT TIME ZONE zone AS opening,
               (day + (closes = time '00:00')::int + closes) AT TIME ZONE zone AS closing
        FROM days JOIN hours ON weekday = extract(isodow FROM day) - 1
    )
    SELECT coalesce(range_agg(tstzrange(opening, closing)), '{}') FROM shifts WHERE opening < closing
$$;
COMMENT ON FUNCTION agent_open_hours IS
    'When the agent''s working hours (none: 09:00-19:00 daily) are open; whole within the span, partly around it.';
"""

LOWER_ALL = """
CREATE FUNCTION lower_all(items text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(lower(item) ORDER BY position), '{}')
    FROM unnest(items) WITH ORDINALITY AS listed(item, position)
$$;
CREATE INDEX agent_cities ON agents_agent USING gin (lower_all(cities::text[])) WHERE is_active AND is_available;
"""

# Per statement, so that several engagements at once lock their agents by ascending id.
COUNT = """
CREATE FUNCTION agents_engagement_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change record;
BEGIN
    FOR change IN
        SELECT agent_id, sum(live) AS live, sum(begun) AS begun FROM ({rows}) AS counted
        GROUP BY agent_id HAVING sum(live) <> 0 OR sum(begun) <> 0 ORDER BY agent_id
    LOOP
        UPDATE agents_agent
        SET live_users = live_users + change.live, total_users_assigned = total_users_assigned + change.begun
        WHERE id = change.agent_id;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER agents_engagement_{event} AFTER {event} ON agents_engagement REFERENCING {tables}
FOR EACH STATEMENT EXECUTE FUNCTION agents_engagement_{event}();
"""
ADDED = "SELECT agent_id, (ended_at IS NULL)::int AS live, {begun} AS begun FROM added"
REMOVED = "SELECT agent_id, -(ended_at IS NULL)::int AS live, 0 AS begun FROM removed"
COUNTS = [
    COUNT.format(event="insert", tables="NEW TABLE AS added", rows=ADDED.format(begun=1)),
    COUNT.format(event="delete", tables="OLD TABLE AS removed", rows=REMOVED),
    COUNT.format(
        event="update",
        tables="NEW TABLE AS added OLD TABLE AS removed",
        rows=f"{ADDED.format(begun=0)} UNION ALL {REMOVED}",
    ),
]


def drop_count(event: str) -> str:
    return (
        f"DROP TRIGGER agents_engagement_{event} ON agents_engagement; DROP FUNCTION agents_engagement_{event}();"
    )


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]

    operations = [
        migrations.RunSQL(OPEN_HOURS, "DROP FUNCTION agent_open_hours(bigint, text, tstzrange);"),
        migrations.RunSQL(LOWER_ALL, "DROP INDEX agent_cities; DROP FUNCTION lower_all(text[]);"),
        *(
            migrations.RunSQL(forward, drop_count(event))
            for forward, event in zip(COUNTS, ("insert", "delete", "update"), strict=True)
        ),
    ]
