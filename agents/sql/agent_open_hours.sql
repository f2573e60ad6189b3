-- PL/pgSQL keeps the plan of each statement for the connection; the planner would otherwise think longer about
-- these few rows than reading them takes.
--
-- An agent works at every moment at which clocks show a time of their hours: a shift that starts in a repeated hour
-- starts the first time, and one that ends in it ends the second time. What clocks skip is the moment of the change.
-- AT TIME ZONE answers otherwise, and ghar_local_moment is slower: it is asked only near a change of the clocks.
CREATE OR REPLACE FUNCTION agent_open_hours(
    agent bigint, zone text, span tstzrange, usually_opens time, usually_closes time
) RETURNS tstzmultirange
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000 SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    first date;
    last date;
BEGIN
    IF NOT ghar_knows_zone(zone) THEN
        RETURN '{}';
    END IF;
    first := (lower(span) AT TIME ZONE zone)::date - 1;
    last := (upper(span) AT TIME ZONE zone)::date;
    RETURN (
        WITH own AS MATERIALIZED (
            SELECT weekday, opens, closes FROM agents_workinghours WHERE agent_id = agent
        ), hours AS (
            SELECT weekday, opens, closes FROM own
            UNION ALL
            SELECT day, usually_opens, usually_closes FROM generate_series(0, 6) AS day
            WHERE NOT EXISTS (SELECT FROM own)
        ), days AS MATERIALIZED (
            SELECT day,
                   -- A whole number of days between these two: then no clock was set in between.
                   ((day + interval '3 days') AT TIME ZONE zone) - ((day - interval '2 days') AT TIME ZONE zone)
                       = interval '5 days' AS ordinary
            FROM (SELECT (first + n)::timestamp AS day FROM generate_series(0, last - first) AS n) AS dates
        ), shifts AS (
            SELECT CASE WHEN ordinary THEN opening AT TIME ZONE zone ELSE ghar_local_moment(opening, zone, false) END
                       AS opening,
                   CASE WHEN ordinary THEN closing AT TIME ZONE zone ELSE ghar_local_moment(closing, zone, true) END
                       AS closing
            FROM (
                SELECT ordinary, day + opens AS opening,
                       day + (closes = time '00:00')::int * interval '1 day' + closes AS closing
                FROM days JOIN hours ON weekday = extract(isodow FROM day) - 1
            ) AS local
        )
        SELECT coalesce(range_agg(tstzrange(opening, closing)), '{}') FROM shifts WHERE opening < closing
    );
END $$;

COMMENT ON FUNCTION agent_open_hours IS
    'When the agent''s working hours (none: the usual ones, daily) are open; whole within the span, partly around it.';
