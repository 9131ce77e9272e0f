-- Files and baskets of messages. A message says that it is rich; only then is anything looked up here, so that plain text
-- costs nothing more. The contents of files are not in the database (docs/operating.md).

ALTER TABLE messages ADD COLUMN rich boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN messages.rich IS 'Has it files or a basket?';
ALTER TABLE deliveries ADD COLUMN rich boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN deliveries.rich IS 'Has its message files?';

ALTER TABLE connectors
    ADD COLUMN media jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN media_hosts text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN connectors.media IS 'Files it can send: a rule for each kind.';
COMMENT ON COLUMN connectors.media_hosts IS 'Hosts from which files of clients may be fetched; "*.example.com" means all below.';

CREATE TABLE attachments (
    account_id       uuid        NOT NULL,
    id               uuid        NOT NULL,
    uploader         uuid        NOT NULL,
    connection_id    uuid,
    external_chat_id text        NOT NULL DEFAULT '',
    conversation_id  uuid,
    message_id       uuid,
    seq              bigint,
    place            smallint    NOT NULL DEFAULT 0,
    kind             smallint    NOT NULL CHECK (kind BETWEEN 1 AND 6),
    file_name        text        NOT NULL,
    media_type       text        NOT NULL,
    size             bigint      NOT NULL,
    duration_ms      bigint      NOT NULL,
    width            integer     NOT NULL,
    height           integer     NOT NULL,
    state            smallint    NOT NULL CHECK (state BETWEEN 1 AND 3),
    failure          smallint    NOT NULL DEFAULT 0,
    has_preview      boolean     NOT NULL,
    sha256           bytea       NOT NULL,
    create_time      timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT attachments_sent CHECK (
        (message_id IS NULL) = (conversation_id IS NULL) AND (message_id IS NULL) = (seq IS NULL))
);
CREATE INDEX attachments_of_message ON attachments (account_id, message_id, place) WHERE message_id IS NOT NULL;
CREATE INDEX attachments_unused ON attachments (create_time) WHERE message_id IS NULL;
CALL beseda.guard('attachments');
COMMENT ON TABLE attachments IS 'Files of messages, and files that were uploaded and not yet sent.';
COMMENT ON COLUMN attachments.account_id IS 'Account.';
COMMENT ON COLUMN attachments.id IS 'AttachmentId; with the account it is the name of the contents in the file store.';
COMMENT ON COLUMN attachments.uploader IS 'UserId, ApiKeyId, or the ConnectionId for a file of a client: who may send it.';
COMMENT ON COLUMN attachments.connection_id IS 'Connection of its chat; unknown before an employee sends it.';
COMMENT ON COLUMN attachments.external_chat_id IS 'The channel''s id of its chat; empty before an employee sends it.';
COMMENT ON COLUMN attachments.conversation_id IS 'Conversation of its message: who may read that may read the file.';
COMMENT ON COLUMN attachments.message_id IS 'MessageId of its message; a file has one message at most.';
COMMENT ON COLUMN attachments.seq IS 'Place of its message in the chat.';
COMMENT ON COLUMN attachments.place IS 'Place within its message.';
COMMENT ON COLUMN attachments.kind IS 'What it is to a person; the numbers of the contract.';
COMMENT ON COLUMN attachments.file_name IS 'Name to show.';
COMMENT ON COLUMN attachments.media_type IS 'Type by its contents; empty while it is not here.';
COMMENT ON COLUMN attachments.size IS 'Bytes; 0 while it is not here.';
COMMENT ON COLUMN attachments.duration_ms IS 'How long a sound or film is, in milliseconds; 0 when nobody said.';
COMMENT ON COLUMN attachments.width IS 'Pixels; 0 when not known.';
COMMENT ON COLUMN attachments.height IS 'Pixels; 0 when not known.';
COMMENT ON COLUMN attachments.state IS '1 pending, 2 ready, 3 failed; the numbers of the contract.';
COMMENT ON COLUMN attachments.failure IS 'Why it failed; the numbers of the contract, 0 when it did not.';
COMMENT ON COLUMN attachments.has_preview IS 'Is there a small picture of it?';
COMMENT ON COLUMN attachments.sha256 IS 'Digest of the contents; empty while it is not here.';
COMMENT ON COLUMN attachments.create_time IS 'When it was uploaded or announced.';

CREATE TABLE carts (
    account_id uuid  NOT NULL,
    message_id uuid  NOT NULL,
    cart       jsonb NOT NULL,
    PRIMARY KEY (account_id, message_id)
);
CALL beseda.guard('carts');
COMMENT ON TABLE carts IS 'Baskets that clients sent (CHW-27).';
COMMENT ON COLUMN carts.account_id IS 'Account.';
COMMENT ON COLUMN carts.message_id IS 'MessageId of its message.';
COMMENT ON COLUMN carts.cart IS 'Positions and note.';

CREATE TABLE media_fetches (
    account_id    uuid        NOT NULL,
    attachment_id uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    url           text        NOT NULL,
    attempt       integer     NOT NULL DEFAULT 0,
    not_before    timestamptz NOT NULL,
    PRIMARY KEY (account_id, attachment_id)
);
CREATE INDEX media_fetches_due ON media_fetches (not_before);
CALL beseda.guard('media_fetches');
COMMENT ON TABLE media_fetches IS 'Files of clients that are still to be fetched from their channels.';
COMMENT ON COLUMN media_fetches.account_id IS 'Account.';
COMMENT ON COLUMN media_fetches.attachment_id IS 'AttachmentId.';
COMMENT ON COLUMN media_fetches.connection_id IS 'Connection that brought it: its connector says from which hosts.';
COMMENT ON COLUMN media_fetches.url IS 'Where it is.';
COMMENT ON COLUMN media_fetches.attempt IS 'How often it was tried.';
COMMENT ON COLUMN media_fetches.not_before IS 'Not tried before; while somebody tries, the end of their lease.';
