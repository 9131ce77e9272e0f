-- Requests that nobody has taken up yet.
CREATE TABLE unsorted (
    account_id      uuid        NOT NULL,
    record_id       uuid        NOT NULL,
    title           text        NOT NULL,
    source_key      text        NOT NULL,
    text            text        NOT NULL,
    conversation_id uuid,
    pipeline_id     uuid,
    contact_name    text        NOT NULL,
    phone           text,
    email           text,
    connector_key   text,
    external_id     text,
    messenger_name  text,
    state           smallint    NOT NULL CHECK (state BETWEEN 1 AND 4),
    contact_id      uuid,
    deal_id         uuid,
    decided_by      text,
    decide_time     timestamptz,
    create_time     timestamptz NOT NULL,
    PRIMARY KEY (account_id, record_id),
    CONSTRAINT unsorted_messenger CHECK ((connector_key IS NULL) = (external_id IS NULL) AND (external_id IS NULL) = (messenger_name IS NULL)),
    CONSTRAINT unsorted_decision CHECK ((state = 1) = (decide_time IS NULL) AND (decide_time IS NULL) = (decided_by IS NULL)),
    CONSTRAINT unsorted_deal CHECK ((state IN (2, 3)) = (deal_id IS NOT NULL) AND (state = 2) = (contact_id IS NOT NULL))
);
CREATE INDEX unsorted_by_state ON unsorted (account_id, state, record_id);
CALL beseda.guard('unsorted');
COMMENT ON TABLE unsorted IS 'Requests that nobody has taken up yet, and what became of them.';
COMMENT ON COLUMN unsorted.account_id IS 'Account.';
COMMENT ON COLUMN unsorted.record_id IS 'UnsortedId; later ones are greater.';
COMMENT ON COLUMN unsorted.title IS 'Name for people, and of the deal.';
COMMENT ON COLUMN unsorted.source_key IS 'Connector or integration that it came from.';
COMMENT ON COLUMN unsorted.text IS 'What was asked.';
COMMENT ON COLUMN unsorted.conversation_id IS 'The conversation that it came in.';
COMMENT ON COLUMN unsorted.pipeline_id IS 'The pipeline for its deal; null for the first.';
COMMENT ON COLUMN unsorted.contact_name IS 'Who asked; empty when the title names them.';
COMMENT ON COLUMN unsorted.phone IS 'Their telephone number, E.164.';
COMMENT ON COLUMN unsorted.email IS 'Their e-mail.';
COMMENT ON COLUMN unsorted.connector_key IS 'The channel that knows them.';
COMMENT ON COLUMN unsorted.external_id IS 'The channel''s id of them.';
COMMENT ON COLUMN unsorted.messenger_name IS 'Their name there.';
COMMENT ON COLUMN unsorted.state IS '1 pending, 2 accepted, 3 linked, 4 declined.';
COMMENT ON COLUMN unsorted.contact_id IS 'The contact of an accepted record.';
COMMENT ON COLUMN unsorted.deal_id IS 'The deal of an accepted or linked record.';
COMMENT ON COLUMN unsorted.decided_by IS '"user_…" or "key_…".';
COMMENT ON COLUMN unsorted.decide_time IS 'When it was decided.';
COMMENT ON COLUMN unsorted.create_time IS 'When it came in.';
