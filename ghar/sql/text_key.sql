CREATE OR REPLACE FUNCTION text_key(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    -- Upper case first, so that letters with two small forms (σ and ς, i and ı) become one. Joiners, choices of
    -- a glyph and turns of direction are not seen: they are left out. A small i that has kept the dot of İ loses it.
    SELECT replace(replace(normalize(lower(upper(
        translate(normalize(written, NFKC), E'\u200c\u200d\ufe0e\ufe0f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069', '')
    )), NFC), 'ß', 'ss'), E'i\u0307', 'i')
$$;

COMMENT ON FUNCTION text_key IS 'What two texts have in common that are the same to people: without case and Unicode form.';
