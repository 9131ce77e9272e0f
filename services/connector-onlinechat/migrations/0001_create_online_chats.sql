CREATE TABLE online_chats (
    account_id        uuid        NOT NULL,
    id                uuid        NOT NULL,
    connection_id     uuid,
    title             text        NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    mode              smallint    NOT NULL CHECK (mode IN (1, 2)),
    site_url          text        NOT NULL DEFAULT '',
    embedded_in_app   boolean     NOT NULL,
    show_sender_name  boolean     NOT NULL,
    enabled           boolean     NOT NULL,
    version           bigint      NOT NULL DEFAULT 1,
    forwarded_version bigint      NOT NULL DEFAULT 0,
    create_time       timestamptz NOT NULL,
    update_time       timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT online_chats_site_or_application CHECK (NOT embedded_in_app OR site_url = '')
);

-- A visitor and the gateway know the key of the embed code and no account: the one way in that begins without it.
CREATE INDEX online_chats_by_id ON online_chats (id);
-- Creations that wait for their connection, of every account: few, and looked through at every start.
CREATE INDEX online_chats_unfinished ON online_chats (create_time) WHERE connection_id IS NULL;

COMMENT ON TABLE online_chats IS 'The accounts'' online chats: what administrators set. A row without a connection is an unfinished creation and is shown to nobody.';
COMMENT ON COLUMN online_chats.account_id IS 'Whose it is.';
COMMENT ON COLUMN online_chats.id IS 'Its key in the embed code.';
COMMENT ON COLUMN online_chats.connection_id IS 'Its connection in conversations; empty until conversations has made it.';
COMMENT ON COLUMN online_chats.title IS 'Title of the window and name for employees.';
COMMENT ON COLUMN online_chats.mode IS '1 one active conversation, 2 several (ONL-05).';
COMMENT ON COLUMN online_chats.site_url IS 'Address of the site it is placed on (ONL-17); empty: none.';
COMMENT ON COLUMN online_chats.embedded_in_app IS 'Embedded into an application, bound to no address (ONL-18).';
COMMENT ON COLUMN online_chats.show_sender_name IS 'Do employees'' names reach the visitor? (ONL-29)';
COMMENT ON COLUMN online_chats.enabled IS 'May visitors write?';
COMMENT ON COLUMN online_chats.version IS 'Counts the changes: the etag.';
COMMENT ON COLUMN online_chats.forwarded_version IS 'The newest version whose title, mode and state conversations was told.';
COMMENT ON COLUMN online_chats.create_time IS 'When it was made.';
COMMENT ON COLUMN online_chats.update_time IS 'When it was last changed.';

CALL beseda.guard('online_chats');
