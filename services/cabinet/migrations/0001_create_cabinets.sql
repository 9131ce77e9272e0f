CREATE TABLE cabinets (
    account_id       uuid        PRIMARY KEY,
    id               uuid        NOT NULL,
    enabled          boolean     NOT NULL DEFAULT false,
    title            text        NOT NULL DEFAULT '',
    shown_events     smallint[]  NOT NULL DEFAULT '{}',
    shown_fields     jsonb       NOT NULL DEFAULT '[]',
    statuses_shown   boolean     NOT NULL DEFAULT false,
    statuses         jsonb       NOT NULL DEFAULT '[]',
    log_in_text      text        NOT NULL DEFAULT '',
    erasure_text     text        NOT NULL DEFAULT '',
    erasure_enabled  boolean     NOT NULL DEFAULT false,
    sms_provider_ids uuid[]      NOT NULL DEFAULT '{}',
    connection_id    uuid,
    version          bigint      NOT NULL DEFAULT 1,
    create_time      timestamptz NOT NULL,
    update_time      timestamptz NOT NULL,
    CONSTRAINT cabinets_provider CHECK (NOT enabled OR cardinality(sms_provider_ids) > 0)
);
-- A browser and the gateway know the id in the link and no account: the one way in that begins without it.
CREATE UNIQUE INDEX cabinets_by_id ON cabinets (id);

COMMENT ON TABLE cabinets IS 'The accounts'' cabinets for their clients: what administrators set.';
COMMENT ON COLUMN cabinets.account_id IS 'Whose it is: one for each account.';
COMMENT ON COLUMN cabinets.id IS 'Its key in the link (CAB-24).';
COMMENT ON COLUMN cabinets.enabled IS 'May clients come in? Needs an SMS provider (CAB-07).';
COMMENT ON COLUMN cabinets.title IS 'What stands above the page.';
COMMENT ON COLUMN cabinets.shown_events IS 'Kinds of events that clients see (CAB-13), as numbers of the domain.';
COMMENT ON COLUMN cabinets.shown_fields IS 'Fields that clients see, in order, with their own names (CAB-15 to CAB-17).';
COMMENT ON COLUMN cabinets.statuses_shown IS 'Is the status of a deal shown? (CAB-19)';
COMMENT ON COLUMN cabinets.statuses IS 'Statuses, in order, with their own names and colours (CAB-20, CAB-21).';
COMMENT ON COLUMN cabinets.log_in_text IS 'SMS with the code to log in; empty: the text of the account''s language.';
COMMENT ON COLUMN cabinets.erasure_text IS 'SMS with the code that confirms a deletion; empty: the text of the account''s language.';
COMMENT ON COLUMN cabinets.erasure_enabled IS 'May clients delete their personal data?';
COMMENT ON COLUMN cabinets.sms_provider_ids IS 'Providers of SMS in the order in which they are tried.';
COMMENT ON COLUMN cabinets.connection_id IS 'The connection of its chats in conversations; empty until there is one.';
COMMENT ON COLUMN cabinets.version IS 'Counts the changes: the etag.';
COMMENT ON COLUMN cabinets.create_time IS 'When it was first looked at.';
COMMENT ON COLUMN cabinets.update_time IS 'When it was last changed.';

CALL beseda.guard('cabinets');

CREATE TABLE logos (
    account_id uuid    PRIMARY KEY REFERENCES cabinets ON DELETE CASCADE,
    png        bytea   NOT NULL,
    width      integer NOT NULL CHECK (width BETWEEN 80 AND 800),
    height     integer NOT NULL CHECK (height BETWEEN 40 AND 800),
    digest     bytea   NOT NULL CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE logos IS 'Logos of cabinets, apart from the settings, which are read with every call.';
COMMENT ON COLUMN logos.account_id IS 'Whose it is.';
COMMENT ON COLUMN logos.png IS 'The picture, written anew from the pixels of the uploaded file.';
COMMENT ON COLUMN logos.width IS 'In pixels (CAB-11).';
COMMENT ON COLUMN logos.height IS 'In pixels (CAB-11).';
COMMENT ON COLUMN logos.digest IS 'SHA-256 of the picture: its address changes with it.';

CALL beseda.guard('logos');
