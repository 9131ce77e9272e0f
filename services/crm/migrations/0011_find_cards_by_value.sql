-- Cards by what a field of the account's own holds: the external IDs of online chats (ONL-21, A-27).
-- A generated column, not an index on an expression: under row-level security an index is used for leakproof comparisons only,
-- and of these only the one of plain texts is.

ALTER TABLE card_values ADD COLUMN lookup text GENERATED ALWAYS AS (
    CASE jsonb_typeof(value)
        WHEN 'string' THEN 't' || left(btrim(value #>> '{}', E' \t\n\r\u00a0'), 201)
        WHEN 'number' THEN 'n' || trim_scale(value::numeric)::text
    END
) STORED;
CREATE INDEX card_values_lookup ON card_values (account_id, field_id, lookup, card_id) WHERE lookup IS NOT NULL;
COMMENT ON COLUMN card_values.lookup IS 'By what cards are found: a text, trimmed, after "t"; a number in its shortest form after "n". A text of more than 200 characters is found by nothing.';
