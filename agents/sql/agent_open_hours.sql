-- PL/pgSQL keeps the plan of each statement for the connection; the planner would otherwise think longer about
-- these few rows than reading them takes. AT TIME ZONE resolves a local time that a change of clocks skips or
-- repeats to the later of its two instants.
CREATE OR REPLACE FUNCTION agent_open_hours(
    agent bigint, zone text, span tstzrange, usually_opens time, usually_closes time
) RETURNS tstzmultirange
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET plan_cache_mode = force_generic_plan AS $$
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
            SELECT day, usually_opens, usually_closes FROM generate_series(0, 6) AS day
            WHERE NOT EXISTS (SELECT FROM own)
        ), shifts AS (
            SELECT (day + opens) AT TIME ZONE zone AS opening,
                   (day + (closes = time '00:00')::int + closes) AT TIME ZONE zone AS closing
            FROM (SELECT first + n AS day FROM generate_series(0, last - first) AS n) AS days
            JOIN hours ON weekday = extract(isodow FROM day) - 1
        )
        SELECT coalesce(range_agg(tstzrange(opening, closing)), '{}') FROM shifts WHERE opening < closing
    );
END $$;

COMMENT ON FUNCTION agent_open_hours IS
    'When the agent''s working hours (none: the usual ones, daily) are open; whole within the span, partly around it.';
