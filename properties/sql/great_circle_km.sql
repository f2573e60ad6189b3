-- Haversine on a sphere with the mean radius of the earth: within 0.5 % of the ellipsoid. The CASE is there
-- because least() passes over NULL.
CREATE OR REPLACE FUNCTION great_circle_km(
    latitude float8, longitude float8, to_latitude float8, to_longitude float8
) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN latitude + longitude + to_latitude + to_longitude IS NOT NULL THEN
        2 * 6371.0088 * asin(sqrt(least(1,
            sin(radians(to_latitude - latitude) / 2) ^ 2
            + cos(radians(latitude)) * cos(radians(to_latitude)) * sin(radians(to_longitude - longitude) / 2) ^ 2
        )))
    END
$$;

COMMENT ON FUNCTION great_circle_km IS 'Kilometres between two places given in degrees; NULL if one is unknown.';
