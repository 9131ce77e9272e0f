-- How far this service has taken in others' events.
CREATE TABLE consumer_positions (
    source   text     NOT NULL,
    shard    smallint NOT NULL,
    position bigint   NOT NULL,
    PRIMARY KEY (source, shard)
) WITH (fillfactor = 50);
COMMENT ON TABLE consumer_positions IS 'How far this service has taken in others'' events. Moved in the transaction of the effect, so each event takes effect once.';
COMMENT ON COLUMN consumer_positions.source IS 'The service whose events they are.';
COMMENT ON COLUMN consumer_positions.shard IS 'Shard of the source.';
COMMENT ON COLUMN consumer_positions.position IS 'The newest event that has taken effect or was parked.';

CREATE TABLE parked_events (
    source       text        NOT NULL,
    shard        smallint    NOT NULL,
    position     bigint      NOT NULL,
    account_id   uuid        NOT NULL,
    aggregate_id uuid        NOT NULL,
    kind         text        NOT NULL,
    payload      bytea       NOT NULL,
    reason       text        NOT NULL,
    rerun        boolean     NOT NULL DEFAULT false,
    park_time    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, source, shard, position)
);
CREATE INDEX parked_events_aggregate ON parked_events (account_id, aggregate_id);
CREATE INDEX parked_events_rerun ON parked_events (source, shard, position) WHERE rerun;
CALL beseda.guard('parked_events');
COMMENT ON TABLE parked_events IS 'Events that could not take effect, and later ones of the same aggregate, which wait for them. Set rerun to try again.';
COMMENT ON COLUMN parked_events.source IS 'The service whose events they are.';
COMMENT ON COLUMN parked_events.shard IS 'Shard of the source.';
COMMENT ON COLUMN parked_events.position IS 'Place in the shard.';
COMMENT ON COLUMN parked_events.account_id IS 'Account of the event.';
COMMENT ON COLUMN parked_events.aggregate_id IS 'What it happened to.';
COMMENT ON COLUMN parked_events.kind IS 'Kind of event.';
COMMENT ON COLUMN parked_events.payload IS 'The event itself.';
COMMENT ON COLUMN parked_events.reason IS 'Why it could not take effect, or that it waits for an earlier one.';
COMMENT ON COLUMN parked_events.rerun IS 'An operator asks for another try.';
COMMENT ON COLUMN parked_events.park_time IS 'When it was parked.';
