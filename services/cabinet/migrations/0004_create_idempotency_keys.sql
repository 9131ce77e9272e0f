-- The answers of CreateSmsProvider.
CREATE TABLE idempotency_keys (
    account_id   uuid        NOT NULL,
    caller       uuid        NOT NULL,
    method       text        NOT NULL,
    request_id   uuid        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea,
    create_time  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, caller, method, request_id)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (create_time);
CALL beseda.guard('idempotency_keys');
COMMENT ON TABLE idempotency_keys IS 'Answers of creates and sends, so that a repeated call gives the same one; kept for 24 hours.';
COMMENT ON COLUMN idempotency_keys.account_id IS 'Account of the caller.';
COMMENT ON COLUMN idempotency_keys.caller IS 'User or API key that called.';
COMMENT ON COLUMN idempotency_keys.method IS 'Name of the RPC.';
COMMENT ON COLUMN idempotency_keys.request_id IS 'The caller''s request id.';
COMMENT ON COLUMN idempotency_keys.request_hash IS 'SHA-256 of the request without its id: another request under the same id is refused.';
COMMENT ON COLUMN idempotency_keys.response IS 'The encoded answer; written in the transaction of the change.';
COMMENT ON COLUMN idempotency_keys.create_time IS 'When it was first called; rows older than a day are deleted.';
