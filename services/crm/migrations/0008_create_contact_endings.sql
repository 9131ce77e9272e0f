-- Contacts by a part of a number or of a name in a messenger. Every end of such a text stands in an ordinary index, so a part of it is the
-- beginning of an end: these texts are short, and comparing texts in order is allowed under row-level security, which an index of
-- trigrams is not.
CREATE TABLE contact_endings (
    account_id uuid     NOT NULL,
    kind       smallint NOT NULL CHECK (kind IN (1, 4)),
    ending     text     COLLATE "C" NOT NULL,
    card_id    uuid     NOT NULL,
    PRIMARY KEY (account_id, kind, ending, card_id),
    FOREIGN KEY (account_id, card_id) REFERENCES cards
);
CALL beseda.guard('contact_endings');
COMMENT ON TABLE contact_endings IS 'Ends of at least four characters of contacts'' telephone numbers and names in messengers, for search by a part.';
COMMENT ON COLUMN contact_endings.account_id IS 'Account.';
COMMENT ON COLUMN contact_endings.kind IS '1 telephone number, 4 messenger: as in contact_points.';
COMMENT ON COLUMN contact_endings.ending IS 'Digits of the number, or the name in small letters with "@" before it, from some place on.';
COMMENT ON COLUMN contact_endings.card_id IS 'The contact.';

SELECT set_config('beseda.system', 'on', true);
INSERT INTO contact_endings (account_id, kind, ending, card_id)
SELECT DISTINCT t.account_id, t.kind, substr(t.text, n), t.card_id
  FROM (SELECT p.account_id, p.kind, p.card_id,
               CASE p.kind WHEN 1 THEN regexp_replace(p.value, '[^0-9]', '', 'g')
                           ELSE left('@' || lower(ltrim(btrim(p.label), '@')), 64) END AS text
          FROM contact_points p JOIN cards c ON c.account_id = p.account_id AND c.card_id = p.card_id
         WHERE p.kind IN (1, 4) AND c.kind = 1 AND c.delete_time IS NULL) t
 CROSS JOIN LATERAL generate_series(1, length(t.text) - 3) AS n;
SELECT set_config('beseda.system', '', true);
