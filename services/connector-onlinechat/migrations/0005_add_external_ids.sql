-- «Внешний ID»: the field that holds the site's ids of its clients, and the visitors whom the site's backend names by them.

ALTER TABLE online_chats
    ADD COLUMN external_field_id      uuid,
    ADD COLUMN external_field_numeric boolean,
    ADD CONSTRAINT online_chats_external_field CHECK ((external_field_id IS NULL) = (external_field_numeric IS NULL));
COMMENT ON COLUMN online_chats.external_field_id IS 'FieldId of crm: the field with the external IDs (ONL-21); null: none.';
COMMENT ON COLUMN online_chats.external_field_numeric IS 'Is that field of type NUMBER? Else TEXT (ONL-22).';

ALTER TABLE visitors
    ADD COLUMN external_field_id uuid,
    ADD COLUMN external_key      text,
    ADD CONSTRAINT visitors_external CHECK ((external_field_id IS NULL) = (external_key IS NULL)),
    ADD CONSTRAINT visitors_external_key UNIQUE (account_id, online_chat_id, external_field_id, external_key);
COMMENT ON COLUMN visitors.external_field_id IS 'The field in which the external ID stands; null for a visitor whom no backend named. Who is named never expires.';
COMMENT ON COLUMN visitors.external_key IS 'The external ID in the one form in which it is compared: a text trimmed, a number without what does not count (A-27).';

CREATE TABLE visitor_tokens (
    account_id   uuid        NOT NULL,
    token_digest bytea       NOT NULL CHECK (octet_length(token_digest) = 32),
    visitor_id   uuid        NOT NULL,
    expire_time  timestamptz NOT NULL,
    PRIMARY KEY (account_id, token_digest),
    FOREIGN KEY (account_id, visitor_id) REFERENCES visitors (account_id, id) ON DELETE CASCADE
);
CREATE INDEX visitor_tokens_by_visitor ON visitor_tokens (account_id, visitor_id);
-- For forgetting tokens of every account whose time is over.
CREATE INDEX visitor_tokens_by_expiry ON visitor_tokens (expire_time);

COMMENT ON TABLE visitor_tokens IS 'Tokens of visitors whom the site''s backend named: one for each page it served to them (A-26).';
COMMENT ON COLUMN visitor_tokens.account_id IS 'Whose online chat.';
COMMENT ON COLUMN visitor_tokens.token_digest IS 'SHA-256 of the token; the token itself is with the site and the browser only.';
COMMENT ON COLUMN visitor_tokens.visitor_id IS 'Whose token.';
COMMENT ON COLUMN visitor_tokens.expire_time IS 'Until when it works; moves with every use.';

CALL beseda.guard('visitor_tokens');
