-- Recordings of telephone calls (CAB-03). The calls themselves are entries of the timeline: the kind 16.
CREATE TABLE recordings (
    account_id  uuid        NOT NULL,
    entry_id    uuid        NOT NULL,
    contact_id  uuid        NOT NULL,
    deal_id     uuid,
    media_type  text        NOT NULL,
    size        bigint      NOT NULL CHECK (size > 0),
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, entry_id)
);
CREATE INDEX recordings_of_contact ON recordings (account_id, contact_id, entry_id);
CALL beseda.guard('recordings');
COMMENT ON TABLE recordings IS 'Recordings of telephone calls. They go with the client''s data.';
COMMENT ON COLUMN recordings.account_id IS 'Account.';
COMMENT ON COLUMN recordings.entry_id IS 'TimelineEntryId of the call.';
COMMENT ON COLUMN recordings.contact_id IS 'With whom.';
COMMENT ON COLUMN recordings.deal_id IS 'About which deal; null for none.';
COMMENT ON COLUMN recordings.media_type IS 'Type by its contents.';
COMMENT ON COLUMN recordings.size IS 'Bytes.';
COMMENT ON COLUMN recordings.create_time IS 'When it was written.';

CREATE TABLE recording_parts (
    account_id uuid    NOT NULL,
    entry_id   uuid    NOT NULL,
    part       integer NOT NULL CHECK (part >= 0),
    contents   bytea   NOT NULL,
    PRIMARY KEY (account_id, entry_id, part)
);
-- Sound does not get smaller.
ALTER TABLE recording_parts ALTER COLUMN contents SET STORAGE EXTERNAL;
CALL beseda.guard('recording_parts');
COMMENT ON TABLE recording_parts IS 'The bytes of recordings, a quarter of a MiB each, so that one is read without holding it whole.';
COMMENT ON COLUMN recording_parts.account_id IS 'Account.';
COMMENT ON COLUMN recording_parts.entry_id IS 'The recording.';
COMMENT ON COLUMN recording_parts.part IS 'From 0.';
COMMENT ON COLUMN recording_parts.contents IS 'Bytes.';
