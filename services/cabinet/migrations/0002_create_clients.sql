CREATE TABLE clients (
    account_id  uuid        NOT NULL,
    id          uuid        NOT NULL,
    phone       text,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT clients_phone UNIQUE (account_id, phone)
);
COMMENT ON TABLE clients IS 'Clients who have logged in. A client is a telephone number: the code proves the number (A-25).';
COMMENT ON COLUMN clients.account_id IS 'Whose client.';
COMMENT ON COLUMN clients.id IS 'The client: the key of the chat at the hub.';
COMMENT ON COLUMN clients.phone IS 'The number, E.164; empty after the client''s data were erased.';
COMMENT ON COLUMN clients.create_time IS 'When the client first logged in.';

CALL beseda.guard('clients');

CREATE TABLE client_sessions (
    account_id   uuid        NOT NULL,
    token_digest bytea       NOT NULL CHECK (octet_length(token_digest) = 32),
    client_id    uuid        NOT NULL,
    create_time  timestamptz NOT NULL,
    expire_time  timestamptz NOT NULL,
    PRIMARY KEY (account_id, token_digest),
    FOREIGN KEY (account_id, client_id) REFERENCES clients (account_id, id) ON DELETE CASCADE
);
CREATE INDEX client_sessions_by_client ON client_sessions (account_id, client_id);
-- For forgetting sessions of every account whose time is over.
CREATE INDEX client_sessions_by_expiry ON client_sessions (expire_time);

COMMENT ON TABLE client_sessions IS 'Sessions of clients: one for each browser that is logged in.';
COMMENT ON COLUMN client_sessions.account_id IS 'Whose client.';
COMMENT ON COLUMN client_sessions.token_digest IS 'SHA-256 of the session token; the token itself is in the browser only.';
COMMENT ON COLUMN client_sessions.client_id IS 'Whose session.';
COMMENT ON COLUMN client_sessions.create_time IS 'When the client logged in.';
COMMENT ON COLUMN client_sessions.expire_time IS 'When the token stops working.';

CALL beseda.guard('client_sessions');
