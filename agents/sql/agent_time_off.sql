-- The plan is made once per connection, as for agent_open_hours.
CREATE OR REPLACE FUNCTION agent_time_off(agent bigint, span tstzrange) RETURNS tstzmultirange
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT coalesce(range_agg(period), '{}') FROM agents_timeoff WHERE agent_id = agent AND period && span
    );
END $$;

COMMENT ON FUNCTION agent_time_off IS 'When the agent is on time off, as far as it touches the span.';
