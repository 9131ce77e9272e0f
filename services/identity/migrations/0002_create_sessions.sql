-- Who is logged in, which programs may call, and what ended before its tokens did.

CREATE TABLE sessions (
    account_id          uuid        NOT NULL,
    session_id          uuid        NOT NULL,
    user_id             uuid        NOT NULL,
    device              text        NOT NULL,
    family_digest       bytea       NOT NULL,
    current_digest      bytea       NOT NULL,
    previous_digest     bytea,
    previous_replaced   timestamptz,
    previous_forgiven   boolean     NOT NULL DEFAULT false,
    create_time         timestamptz NOT NULL,
    last_use_time       timestamptz NOT NULL,
    expire_time         timestamptz NOT NULL,
    end_time            timestamptz,
    CONSTRAINT sessions_pkey PRIMARY KEY (account_id, session_id),
    FOREIGN KEY (account_id, user_id) REFERENCES users ON DELETE CASCADE,
    CONSTRAINT sessions_previous CHECK ((previous_digest IS NULL) = (previous_replaced IS NULL))
);
CREATE INDEX sessions_live ON sessions (account_id, user_id, session_id) WHERE end_time IS NULL;
CREATE INDEX sessions_age ON sessions (expire_time);
CALL beseda.guard('sessions');
COMMENT ON TABLE sessions IS 'Log-ins of employees. Of a refresh token only digests are kept.';
COMMENT ON COLUMN sessions.account_id IS 'Account of the user.';
COMMENT ON COLUMN sessions.session_id IS 'Its id; later ones are greater.';
COMMENT ON COLUMN sessions.user_id IS 'Who logged in.';
COMMENT ON COLUMN sessions.device IS 'Name of the device or program, as the client gave it.';
COMMENT ON COLUMN sessions.family_digest IS 'SHA-256 of the secret that all refresh tokens of the session share: tells an old token from a made-up one.';
COMMENT ON COLUMN sessions.current_digest IS 'SHA-256 of the secret of the refresh token that is good now.';
COMMENT ON COLUMN sessions.previous_digest IS 'The same of the token before it: its reuse is forgiven once, since the answer may have been lost.';
COMMENT ON COLUMN sessions.previous_replaced IS 'When that token was used.';
COMMENT ON COLUMN sessions.previous_forgiven IS 'Has its reuse been forgiven?';
COMMENT ON COLUMN sessions.create_time IS 'When the session began.';
COMMENT ON COLUMN sessions.last_use_time IS 'When its tokens were last refreshed.';
COMMENT ON COLUMN sessions.expire_time IS 'When the current refresh token expires.';
COMMENT ON COLUMN sessions.end_time IS 'When it was ended; null while it lives.';

CREATE TABLE api_keys (
    account_id    uuid        NOT NULL REFERENCES accounts,
    key_id        uuid        NOT NULL,
    name          text        NOT NULL,
    scopes        text[]      NOT NULL,
    secret_digest bytea       NOT NULL,
    expire_time   timestamptz,
    create_time   timestamptz NOT NULL,
    revoke_time   timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (account_id, key_id)
);
CALL beseda.guard('api_keys');
COMMENT ON TABLE api_keys IS 'Keys of backend programs and connectors.';
COMMENT ON COLUMN api_keys.account_id IS 'Whose.';
COMMENT ON COLUMN api_keys.key_id IS 'Its id: the client id. Later ones are greater.';
COMMENT ON COLUMN api_keys.name IS 'Name for people.';
COMMENT ON COLUMN api_keys.scopes IS 'What it allows.';
COMMENT ON COLUMN api_keys.secret_digest IS 'SHA-256 of the secret; 256 random bits need no slow hash.';
COMMENT ON COLUMN api_keys.expire_time IS 'When it stops working; null means never.';
COMMENT ON COLUMN api_keys.create_time IS 'When it was made.';
COMMENT ON COLUMN api_keys.revoke_time IS 'When it was revoked; null while it works.';

-- A program shows its key before anybody knows its account: so this table's key does not begin with the account. It holds
-- ids only; the exchange of keys reads it, as the system.
CREATE TABLE key_directory (
    key_id     uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    FOREIGN KEY (account_id, key_id) REFERENCES api_keys ON DELETE CASCADE
);
CALL beseda.guard('key_directory');
COMMENT ON TABLE key_directory IS 'Which account an API key belongs to, over all accounts.';
COMMENT ON COLUMN key_directory.key_id IS 'The key.';
COMMENT ON COLUMN key_directory.account_id IS 'Its account.';

-- Verifiers of all services read the revocations of all accounts in one order: so this table's key does not begin with the
-- account. It holds ids only.
CREATE TABLE revocation_head (
    one           boolean PRIMARY KEY DEFAULT true CHECK (one),
    last_position bigint  NOT NULL DEFAULT 0
);
INSERT INTO revocation_head DEFAULT VALUES;
COMMENT ON TABLE revocation_head IS 'The newest position of revocations, in one row. It is locked until the commit, so commit order is position order and a reader misses none.';
COMMENT ON COLUMN revocation_head.one IS 'There is one row.';
COMMENT ON COLUMN revocation_head.last_position IS 'Position of the newest revocation.';

CREATE TABLE revocations (
    position    bigint      PRIMARY KEY,
    account_id  uuid        NOT NULL,
    subject     uuid        NOT NULL,
    create_time timestamptz NOT NULL
);
CALL beseda.guard('revocations');
COMMENT ON TABLE revocations IS 'Sessions, API keys and versions of users whose access tokens are refused though they have not expired. Kept for an hour.';
COMMENT ON COLUMN revocations.position IS 'In order of commit.';
COMMENT ON COLUMN revocations.account_id IS 'Where.';
COMMENT ON COLUMN revocations.subject IS 'A session_id, key_id or grant_version.';
COMMENT ON COLUMN revocations.create_time IS 'When.';
