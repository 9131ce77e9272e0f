-- What happened, for other services.
CREATE TABLE outbox_shards (
    shard         smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    last_position bigint   NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO outbox_shards (shard) SELECT generate_series(0, 63);
COMMENT ON TABLE outbox_shards IS 'The newest position of each shard. The row is locked as the last act of a transaction, so commit order is position order and positions have no holes.';
COMMENT ON COLUMN outbox_shards.shard IS 'By account.';
COMMENT ON COLUMN outbox_shards.last_position IS 'Position of the newest event.';

CREATE TABLE outbox (
    shard        smallint    NOT NULL,
    position     bigint      NOT NULL,
    account_id   uuid        NOT NULL,
    aggregate_id uuid        NOT NULL,
    kind         text        NOT NULL,
    payload      bytea       NOT NULL,
    trace_parent text        NOT NULL,
    create_time  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, position, create_time)
) PARTITION BY RANGE (create_time);
CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT;
CALL beseda.guard('outbox');
COMMENT ON TABLE outbox IS 'What happened, for other services and live streams. Rows are never updated; whole days are dropped by age.';
COMMENT ON COLUMN outbox.shard IS 'By account, 0 to 63.';
COMMENT ON COLUMN outbox.position IS 'Place in the shard, without holes.';
COMMENT ON COLUMN outbox.account_id IS 'Account it happened in.';
COMMENT ON COLUMN outbox.aggregate_id IS 'What it happened to.';
COMMENT ON COLUMN outbox.kind IS 'Kind of event.';
COMMENT ON COLUMN outbox.payload IS 'A protobuf message of the service''s internal package.';
COMMENT ON COLUMN outbox.trace_parent IS 'W3C trace context of the change; empty without one.';
COMMENT ON COLUMN outbox.create_time IS 'When it was stored; chooses the partition.';
COMMENT ON TABLE outbox_rest IS 'The net: rows of days for which no partition was made in time.';

-- Makes the partitions of today and the next two days, drops those older than `keep_days`. Runs as the owner, since the
-- service's role may not change tables.
CREATE FUNCTION outbox_rotate(keep_days integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    day date;
    old record;
BEGIN
    FOR day IN SELECT current_date + n FROM generate_series(0, 2) AS n LOOP
        BEGIN
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF outbox FOR VALUES FROM (%L) TO (%L)',
                           'outbox_' || to_char(day, 'YYYYMMDD'), day, day + 1);
        EXCEPTION WHEN check_violation THEN
            -- The net already holds rows of that day: they stay there until they are old.
            NULL;
        END;
    END LOOP;
    FOR old IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'outbox'::regclass AND c.relname ~ '^outbox_[0-9]{8}$'
           AND to_date(right(c.relname, 8), 'YYYYMMDD') < current_date - keep_days
    LOOP
        EXECUTE format('DROP TABLE %I', old.relname);
    END LOOP;
    DELETE FROM outbox_rest WHERE create_time < current_date - keep_days;
END $$;
