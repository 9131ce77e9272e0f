-- Erasures of clients' data over all services: what is to be done next, and afterwards the receipt.
CREATE TABLE erasures (
    account_id   uuid        NOT NULL,
    id           uuid        NOT NULL,
    subject      bytea,
    stage        smallint    NOT NULL CHECK (stage BETWEEN 1 AND 4),
    step         smallint    NOT NULL,
    attempt      integer     NOT NULL,
    sealed       bytea,
    salt         bytea       NOT NULL,
    digests      jsonb       NOT NULL,
    contact_ids  uuid[]      NOT NULL,
    removed      jsonb       NOT NULL,
    found        jsonb       NOT NULL,
    looked_at    bigint      NOT NULL,
    error        text        NOT NULL,
    tries        integer     NOT NULL,
    due_time     timestamptz,
    create_time  timestamptz NOT NULL,
    done_time    timestamptz,
    check_time   timestamptz,
    PRIMARY KEY (account_id, id),
    CONSTRAINT erasures_due CHECK ((stage = 4) = (due_time IS NULL))
);
-- Two browsers that erase at once make one erasure.
CREATE UNIQUE INDEX erasures_running ON erasures (account_id, subject) WHERE subject IS NOT NULL;
-- What is due, of every account.
CREATE INDEX erasures_by_due_time ON erasures (due_time) WHERE due_time IS NOT NULL;
CALL beseda.guard('erasures');
COMMENT ON TABLE erasures IS 'Erasures of clients'' data: the state of each, and its receipt. After the end they hold no value, only salted digests.';
COMMENT ON COLUMN erasures.account_id IS 'Whose client.';
COMMENT ON COLUMN erasures.id IS 'ErasureId.';
COMMENT ON COLUMN erasures.subject IS 'A keyed digest of the number, or of the contacts, while it runs: there is one at a time. Null afterwards.';
COMMENT ON COLUMN erasures.stage IS '1 finding, 2 erasing, 3 checking, 4 done.';
COMMENT ON COLUMN erasures.step IS 'Which store is next in this stage.';
COMMENT ON COLUMN erasures.attempt IS 'How often all stores were gone through, from 1: what is found by the check is erased again.';
COMMENT ON COLUMN erasures.sealed IS 'Number, ids and values, sealed with the master key, until the end; then null.';
COMMENT ON COLUMN erasures.salt IS 'Key of the digests.';
COMMENT ON COLUMN erasures.digests IS 'Salted digests of the values: by them a later check finds whether one is there again.';
COMMENT ON COLUMN erasures.contact_ids IS 'The contacts. They are what has to be erased anew after a backup was restored.';
COMMENT ON COLUMN erasures.removed IS 'What was removed: by store and place how many, and which of the values, by number.';
COMMENT ON COLUMN erasures.found IS 'What the last check found, in the same form; empty when nothing was left.';
COMMENT ON COLUMN erasures.looked_at IS 'Rows, entries and files that the last check looked at.';
COMMENT ON COLUMN erasures.error IS 'Why the last step did not succeed; empty when it did.';
COMMENT ON COLUMN erasures.tries IS 'How often the step failed.';
COMMENT ON COLUMN erasures.due_time IS 'When the next step is due; while somebody works, the end of their lease. Null when all is done.';
COMMENT ON COLUMN erasures.create_time IS 'When the client confirmed.';
COMMENT ON COLUMN erasures.done_time IS 'When all was gone.';
COMMENT ON COLUMN erasures.check_time IS 'When it was last checked.';
