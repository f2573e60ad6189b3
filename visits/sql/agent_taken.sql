-- The plan is made once per connection, as for agent_open_hours. A day gets an agent anywhere, however far it
-- is; a distance that is not known counts as none.
CREATE OR REPLACE FUNCTION agent_taken(
    agent bigint, span tstzrange, at_listing bigint, but_visit bigint,
    latitude float8, longitude float8, shortest_way interval, kmh float8
) RETURNS tstzmultirange
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    longest_way interval := CASE WHEN latitude IS NULL THEN shortest_way ELSE interval '1 day' END;
    around tstzrange := tstzrange(lower(span) - longest_way, upper(span) + longest_way);
BEGIN
    RETURN (
        SELECT coalesce(
            range_agg(tstzrange(scheduled_date - way, greatest(scheduled_end + way, upper(busy)))), '{}'
        )
        FROM visits_visit AS visit JOIN properties_property AS listing ON listing.id = visit.property_id
        CROSS JOIN LATERAL (
            SELECT great_circle_km(listing.latitude, listing.longitude, agent_taken.latitude, agent_taken.longitude)
        ) AS distance(km)
        CROSS JOIN LATERAL (
            SELECT least(longest_way, greatest(shortest_way, make_interval(mins => ceil(
                least(coalesce(km, 0) / kmh * 60, 1440)
            )::int)))
        ) AS trip(way)
        WHERE visit.agent_id = agent AND visit.live
            AND visit.busy && around
            AND visit.property_id IS DISTINCT FROM at_listing AND visit.id IS DISTINCT FROM but_visit
    );
END $$;

COMMENT ON FUNCTION agent_taken IS
    'When the agent cannot be at a place: their live visits elsewhere near the span, with the way there and back.';
