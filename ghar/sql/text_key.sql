CREATE OR REPLACE FUNCTION text_key(written text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    key text := written;
BEGIN
    -- ASCII needs none of the rest, which takes twenty times as long: a search makes the keys of long descriptions.
    IF octet_length(written) = length(written) THEN
        RETURN lower(written);
    END IF;
    IF key IS NOT NFKC NORMALIZED THEN
        key := normalize(key, NFKC);
    END IF;
    -- Joiners, choices of a glyph and turns of direction are not seen.
    IF key ~ '[\u200c\u200d\ufe0e\ufe0f\u202a-\u202e\u2066-\u2069]' THEN
        key := regexp_replace(key, '[\u200c\u200d\ufe0e\ufe0f\u202a-\u202e\u2066-\u2069]', '', 'g');
    END IF;
    -- Upper case first, so that letters with two small forms (σ and ς, i and ı) become one.
    key := lower(upper(key));
    -- The other case of a letter may have a composed form with its mark: J̌ has none, and ǰ is one letter.
    IF key ~ '[\u0300-\u036f]' THEN
        key := normalize(key, NFC);
    END IF;
    -- A small i that has kept the dot of İ loses it.
    RETURN replace(replace(key, 'ß', 'ss'), E'i\u0307', 'i');
END
$$;

COMMENT ON FUNCTION text_key IS 'What texts have in common that are the same to people, whatever their case and Unicode form.';
