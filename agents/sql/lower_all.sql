CREATE OR REPLACE FUNCTION lower_all(items text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(lower(item) ORDER BY position), '{}')
    FROM unnest(items) WITH ORDINALITY AS listed(item, position)
$$;

COMMENT ON FUNCTION lower_all IS 'The texts in lower case and in their order, for comparisons without case; never NULL.';
