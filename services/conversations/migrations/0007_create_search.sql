-- Search in messages. Row-level security keeps PostgreSQL from using an index of texts, so the index is a table without it, which
-- store/search alone reads. It answers with places only; texts are read again from the guarded tables.
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA beseda;
    CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA beseda;
EXCEPTION WHEN undefined_file THEN
    RAISE EXCEPTION 'PostgreSQL has no pg_trgm or btree_gin: install its contrib package (Debian: part of postgresql)';
END $$;

ALTER TABLE account_states ADD COLUMN message_search boolean;
COMMENT ON COLUMN account_states.message_search IS 'Does the plan include search in messages? (CNV-35) Null: told before it was asked for; identity is asked.';

CREATE TABLE search_states (
    account_id uuid    PRIMARY KEY,
    epoch      integer NOT NULL,
    last_place bigint  NOT NULL,
    rebuilding boolean NOT NULL
) WITH (fillfactor = 50);
CALL beseda.guard('search_states');
COMMENT ON TABLE search_states IS 'The search index of each account. Who changes the index of an account locks its row.';
COMMENT ON COLUMN search_states.account_id IS 'Account.';
COMMENT ON COLUMN search_states.epoch IS 'Grows with every rebuild: blocks of an earlier one are no longer looked into.';
COMMENT ON COLUMN search_states.last_place IS 'Place of the newest message; the next one gets the next place.';
COMMENT ON COLUMN search_states.rebuilding IS 'A rebuild has begun and not ended.';

CREATE TABLE search_messages (
    account_id      uuid     NOT NULL,
    message_id      uuid     NOT NULL,
    conversation_id uuid     NOT NULL,
    seq             bigint   NOT NULL,
    place           bigint   NOT NULL,
    block           bigint   NOT NULL,
    epoch           integer  NOT NULL,
    folded          text     NOT NULL,
    words           tsvector NOT NULL,
    PRIMARY KEY (account_id, message_id)
);
DO $$ BEGIN
    -- One index for both kinds of search: of two, the planner would take the one that knows only the block. The extension may have
    -- been there before, in another schema.
    EXECUTE format('CREATE INDEX search_messages_texts ON search_messages USING gin (block, words, folded %s.gin_trgm_ops) WITH (fastupdate = off)',
                   (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm'));
END $$;
COMMENT ON TABLE search_messages IS 'The search index: texts of messages in blocks of 8192 places, so that a search reads block after block, the newest first, and stops when it has enough.';
COMMENT ON COLUMN search_messages.account_id IS 'Account.';
COMMENT ON COLUMN search_messages.message_id IS 'MessageId.';
COMMENT ON COLUMN search_messages.conversation_id IS 'Its conversation.';
COMMENT ON COLUMN search_messages.seq IS 'Its place in the chat.';
COMMENT ON COLUMN search_messages.place IS 'Its place in the account''s index: later messages have greater ones.';
COMMENT ON COLUMN search_messages.block IS 'A hash of account, epoch and place / 8192: it keeps accounts apart within the index.';
COMMENT ON COLUMN search_messages.epoch IS 'The rebuild that wrote it.';
COMMENT ON COLUMN search_messages.folded IS 'The text in small letters without accents, for parts of words.';
COMMENT ON COLUMN search_messages.words IS 'Stems of its words with their places.';
