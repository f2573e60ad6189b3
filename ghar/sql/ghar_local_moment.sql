-- AT TIME ZONE takes a repeated time for the second of its moments, and reads a skipped one as if clocks had not
-- changed yet. ghar.clock.first_moment is the same as this in Python, without `again`.
CREATE OR REPLACE FUNCTION ghar_local_moment(local timestamp, zone text, again boolean) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10 AS $$
DECLARE
    late timestamptz := local AT TIME ZONE zone;
    early timestamptz;
    middle timestamptz;
BEGIN
    IF late AT TIME ZONE zone = local THEN
        IF again THEN
            RETURN late;
        END IF;
        -- A day before, clocks had not been set back yet: their offset then gives the first moment, if there are two.
        middle := late - interval '24 hours';
        early := (local - (middle AT TIME ZONE zone - middle AT TIME ZONE 'UTC')) AT TIME ZONE 'UTC';
        RETURN CASE WHEN early < late AND early AT TIME ZONE zone = local THEN early ELSE late END;
    END IF;
    -- Clocks skip it. Before the change they show less, after it more: halve the time between two such moments.
    early := late - (late AT TIME ZONE zone - local);
    WHILE late - early > interval '1 second' LOOP
        middle := early + date_trunc('second', (late - early) / 2);
        IF middle AT TIME ZONE zone < local THEN
            early := middle;
        ELSE
            late := middle;
        END IF;
    END LOOP;
    RETURN late;
END $$;

COMMENT ON FUNCTION ghar_local_moment IS
    'When clocks in the zone show a local time, for the first or (again) the last time; the moment of the change for one that they skip.';
