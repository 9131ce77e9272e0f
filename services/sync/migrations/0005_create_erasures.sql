-- Erasures of clients' data in this store.
CREATE TABLE erasures (
    account_id  uuid        NOT NULL,
    erasure_id  uuid        NOT NULL,
    attempt     integer     NOT NULL,
    contact_ids uuid[]      NOT NULL,
    stage       integer     NOT NULL,
    place       text        NOT NULL,
    removed     jsonb       NOT NULL,
    create_time timestamptz NOT NULL,
    done_time   timestamptz,
    PRIMARY KEY (account_id, erasure_id)
);
CALL beseda.guard('erasures');
COMMENT ON TABLE erasures IS 'Erasures of clients'' data and how far each has come in this store: written in the transaction of each part. They hold ids and counts, nothing personal.';
COMMENT ON COLUMN erasures.account_id IS 'Account.';
COMMENT ON COLUMN erasures.erasure_id IS 'ErasureId.';
COMMENT ON COLUMN erasures.attempt IS 'How often the whole store was begun with; from 1.';
COMMENT ON COLUMN erasures.contact_ids IS 'The contacts whose data go.';
COMMENT ON COLUMN erasures.stage IS 'Which kind of data is next.';
COMMENT ON COLUMN erasures.place IS 'After which place of it; empty at its beginning.';
COMMENT ON COLUMN erasures.removed IS 'What was removed: by place how many, and which of the values, by number.';
COMMENT ON COLUMN erasures.create_time IS 'When it began here.';
COMMENT ON COLUMN erasures.done_time IS 'When all was gone here; null until then.';
