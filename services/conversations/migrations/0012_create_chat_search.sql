-- Search in chats by the client's name. As search_messages it has no row-level security, which keeps PostgreSQL from using an index of
-- trigrams; store/search alone reads it, and what it answers with is read again from the guarded tables.
ALTER TABLE search_states ADD COLUMN last_chat bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN search_states.last_chat IS 'Place of the chat that was indexed last; the next one gets the next place.';

CREATE TABLE search_chats (
    account_id uuid   NOT NULL,
    chat_id    uuid   NOT NULL,
    place      bigint NOT NULL,
    block      bigint NOT NULL,
    folded     text   NOT NULL,
    PRIMARY KEY (account_id, chat_id)
);
DO $$ BEGIN
    EXECUTE format('CREATE INDEX search_chats_names ON search_chats USING gin (block, folded %s.gin_trgm_ops) WITH (fastupdate = off)',
                   (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm'));
END $$;
COMMENT ON TABLE search_chats IS 'Names of clients, for search in chats, in blocks of 8192 places as search_messages has them.';
COMMENT ON COLUMN search_chats.account_id IS 'Account.';
COMMENT ON COLUMN search_chats.chat_id IS 'ChatId.';
COMMENT ON COLUMN search_chats.place IS 'Its place in the account''s index: chats that were indexed later have greater ones.';
COMMENT ON COLUMN search_chats.block IS 'A hash of account and place / 8192: it keeps accounts apart within the index.';
COMMENT ON COLUMN search_chats.folded IS 'The client''s name in the channel and the contact''s, a line each, in small letters without accents.';
