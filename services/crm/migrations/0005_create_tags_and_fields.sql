-- What an account adds to its cards: tags, and fields of its own.
CREATE TABLE tags (
    account_id  uuid        NOT NULL,
    tag_id      uuid        NOT NULL,
    name        text        NOT NULL,
    version     bigint      NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, tag_id)
);
CREATE UNIQUE INDEX tags_name ON tags (account_id, lower(name));
CALL beseda.guard('tags');
COMMENT ON TABLE tags IS 'Tags.';
COMMENT ON COLUMN tags.account_id IS 'Account.';
COMMENT ON COLUMN tags.tag_id IS 'TagId; later ones are greater.';
COMMENT ON COLUMN tags.name IS 'Unique in the account without regard to case.';
COMMENT ON COLUMN tags.version IS 'Grows with every change: the etag.';
COMMENT ON COLUMN tags.create_time IS 'When it was made.';

CREATE TABLE card_tags (
    account_id uuid NOT NULL,
    card_id    uuid NOT NULL,
    tag_id     uuid NOT NULL,
    PRIMARY KEY (account_id, card_id, tag_id),
    FOREIGN KEY (account_id, card_id) REFERENCES cards,
    CONSTRAINT card_tags_tag FOREIGN KEY (account_id, tag_id) REFERENCES tags ON DELETE CASCADE
);
CREATE INDEX card_tags_of_tag ON card_tags (account_id, tag_id, card_id);
CALL beseda.guard('card_tags');
COMMENT ON TABLE card_tags IS 'Tags of cards. A tag that is deleted is taken off.';
COMMENT ON COLUMN card_tags.account_id IS 'Account.';
COMMENT ON COLUMN card_tags.card_id IS 'The card.';
COMMENT ON COLUMN card_tags.tag_id IS 'The tag.';

CREATE TABLE fields (
    account_id  uuid        NOT NULL,
    field_id    uuid        NOT NULL,
    card_kind   smallint    NOT NULL CHECK (card_kind BETWEEN 1 AND 4),
    type        smallint    NOT NULL CHECK (type BETWEEN 1 AND 5),
    name        text        NOT NULL,
    options     text[]      NOT NULL,
    version     bigint      NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, field_id)
);
CREATE INDEX fields_of_kind ON fields (account_id, card_kind, field_id);
CALL beseda.guard('fields');
COMMENT ON TABLE fields IS 'Fields that accounts have added to their cards.';
COMMENT ON COLUMN fields.account_id IS 'Account.';
COMMENT ON COLUMN fields.field_id IS 'FieldId; later ones are greater.';
COMMENT ON COLUMN fields.card_kind IS 'On which cards: 1 contacts, 2 companies, 3 deals, 4 customers.';
COMMENT ON COLUMN fields.type IS '1 text, 2 number, 3 date, 4 one of several options, 5 yes or no.';
COMMENT ON COLUMN fields.name IS 'Name.';
COMMENT ON COLUMN fields.options IS 'What can be chosen; empty for other types.';
COMMENT ON COLUMN fields.version IS 'Grows with every change: the etag.';
COMMENT ON COLUMN fields.create_time IS 'When it was made.';

CREATE TABLE card_values (
    account_id uuid  NOT NULL,
    card_id    uuid  NOT NULL,
    field_id   uuid  NOT NULL,
    value      jsonb NOT NULL,
    PRIMARY KEY (account_id, card_id, field_id),
    FOREIGN KEY (account_id, card_id) REFERENCES cards,
    CONSTRAINT card_values_field FOREIGN KEY (account_id, field_id) REFERENCES fields ON DELETE CASCADE
);
CREATE INDEX card_values_of_field ON card_values (account_id, field_id, card_id);
CALL beseda.guard('card_values');
COMMENT ON TABLE card_values IS 'Values of the accounts'' own fields. They go with their field.';
COMMENT ON COLUMN card_values.account_id IS 'Account.';
COMMENT ON COLUMN card_values.card_id IS 'The card.';
COMMENT ON COLUMN card_values.field_id IS 'The field.';
COMMENT ON COLUMN card_values.value IS 'A text, a number, a date as text (ISO 8601), the chosen option, or true.';
