-- The search path is kept, because a restored dump and its indexes call the function without one.
CREATE OR REPLACE FUNCTION text_keys(items text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT AS $$
    SELECT coalesce(array_agg(text_key(item) ORDER BY position), '{}')
    FROM unnest(items) WITH ORDINALITY AS listed(item, position)
$$;

COMMENT ON FUNCTION text_keys IS 'The keys of the texts, in their order; never NULL.';
