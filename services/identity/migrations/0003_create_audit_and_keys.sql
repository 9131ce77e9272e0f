-- What administrators changed, and the keys that sign tokens.

CREATE TABLE audit_entries (
    account_id  uuid        NOT NULL REFERENCES accounts,
    entry_id    uuid        NOT NULL,
    actor       text        NOT NULL,
    action      text        NOT NULL,
    target      text        NOT NULL,
    changes     jsonb       NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT audit_entries_pkey PRIMARY KEY (account_id, entry_id)
);
CALL beseda.guard('audit_entries');
-- The log is only ever added to: not even this service can change it.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM beseda_identity;
COMMENT ON TABLE audit_entries IS 'Every administrative change, written in its transaction.';
COMMENT ON COLUMN audit_entries.account_id IS 'Where.';
COMMENT ON COLUMN audit_entries.entry_id IS 'Its id; later ones are greater.';
COMMENT ON COLUMN audit_entries.actor IS 'Who: "user_…", "key_…" or "operator".';
COMMENT ON COLUMN audit_entries.action IS 'What was done, for example "user.update".';
COMMENT ON COLUMN audit_entries.target IS 'To what, for example "user_…".';
COMMENT ON COLUMN audit_entries.changes IS 'Changed fields before and after; without secrets.';
COMMENT ON COLUMN audit_entries.create_time IS 'When.';

-- Keys belong to the installation, not to an account.
CREATE TABLE signing_keys (
    key_id        text        PRIMARY KEY,
    public_key    bytea       NOT NULL CHECK (length(public_key) = 32),
    sealed_seed   bytea       NOT NULL,
    create_time   timestamptz NOT NULL,
    activate_time timestamptz NOT NULL
);
COMMENT ON TABLE signing_keys IS 'Ed25519 keys that sign access tokens. Each is published before it signs and until its tokens have expired.';
COMMENT ON COLUMN signing_keys.key_id IS 'The "kid" of the tokens.';
COMMENT ON COLUMN signing_keys.public_key IS 'The public half, as published.';
COMMENT ON COLUMN signing_keys.sealed_seed IS 'The private half, sealed with the installation''s master key for this key id.';
COMMENT ON COLUMN signing_keys.create_time IS 'When it was made and first published.';
COMMENT ON COLUMN signing_keys.activate_time IS 'From when on it signs, until the next one does.';
