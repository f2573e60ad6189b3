CREATE OR REPLACE FUNCTION ghar_local_date(moment timestamptz, zone text) RETURNS date
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 10 AS $$
BEGIN
    RETURN (moment AT TIME ZONE zone)::date;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN (moment AT TIME ZONE 'UTC')::date;
END $$;

COMMENT ON FUNCTION ghar_local_date IS
    'The date that clocks in the zone show at a moment; in UTC for a zone that PostgreSQL does not know.';
