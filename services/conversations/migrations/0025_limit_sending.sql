-- How fast messages are given out: a token bucket for each connection, kept as the one time at which it is full again.
ALTER TABLE connectors ADD COLUMN sends_per_minute integer, ADD COLUMN send_burst integer;
COMMENT ON COLUMN connectors.sends_per_minute IS 'Messages of one connection that the hub gives out in a minute; null: as many as is usual.';
COMMENT ON COLUMN connectors.send_burst IS 'So many at once after a rest; null: what a second allows.';

CREATE TABLE send_buckets (
    account_id    uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    full_time     timestamptz NOT NULL,
    granted       integer     NOT NULL,
    PRIMARY KEY (account_id, connection_id)
) WITH (fillfactor = 50);
CALL beseda.guard('send_buckets');
COMMENT ON TABLE send_buckets IS 'What each connection may be given to send: the statement that leases deliveries takes tokens out.';
COMMENT ON COLUMN send_buckets.account_id IS 'Account.';
COMMENT ON COLUMN send_buckets.connection_id IS 'Connection.';
COMMENT ON COLUMN send_buckets.full_time IS 'When the bucket is full again: each token that is missing is one interval later.';
COMMENT ON COLUMN send_buckets.granted IS 'How many tokens the last look took.';
