-- A name that PostgreSQL does not know is an error in AT TIME ZONE. In a query about all agents or visits, one row
-- with such a name would fail all the others. pg_timezone_names cannot be asked instead: it reads hundreds of files.
-- Up to version 17, PostgreSQL cannot catch errors in parallel workers: so this and its callers are PARALLEL UNSAFE.
CREATE OR REPLACE FUNCTION ghar_knows_zone(zone text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 10 AS $$
BEGIN
    PERFORM timestamptz 'epoch' AT TIME ZONE zone;
    RETURN zone IS NOT NULL;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END $$;

COMMENT ON FUNCTION ghar_knows_zone IS 'Whether AT TIME ZONE takes this name.';
