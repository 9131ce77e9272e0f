-- Merges of contacts, so that they can be taken back.
CREATE TABLE merges (
    account_id  uuid        NOT NULL,
    contact_id  uuid        NOT NULL,
    version     bigint      NOT NULL,
    merge       jsonb       NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, contact_id, version),
    FOREIGN KEY (account_id, contact_id) REFERENCES cards
);
CALL beseda.guard('merges');
COMMENT ON TABLE merges IS 'Merges of contacts that were not taken back. The newest of a contact is taken back first.';
COMMENT ON COLUMN merges.account_id IS 'Account.';
COMMENT ON COLUMN merges.contact_id IS 'The contact that stayed.';
COMMENT ON COLUMN merges.version IS 'Its version after the merge: later merges have greater ones.';
COMMENT ON COLUMN merges.merge IS 'What went from where to where; crm''s domain::merge reads and writes it.';
COMMENT ON COLUMN merges.create_time IS 'When.';
COMMENT ON COLUMN timeline.kind IS '1 created, 2 field changed, 3 stage changed, 4 responsible changed, 5 follower added, 6 follower removed, 7 deleted, 8 tags changed, 9 task added, 10 task completed, 11 merged, 12 merged into, 13 unmerged.';
