CREATE TABLE sms_providers (
    account_id     uuid        NOT NULL,
    id             uuid        NOT NULL,
    widget_key     text        NOT NULL,
    title          text        NOT NULL,
    settings       jsonb       NOT NULL,
    sealed_secrets bytea       NOT NULL,
    balance        text        NOT NULL DEFAULT '',
    last_sent_time timestamptz,
    error_class    smallint    NOT NULL DEFAULT 0 CHECK (error_class BETWEEN 0 AND 7),
    error_text     text        NOT NULL DEFAULT '',
    error_time     timestamptz,
    version        bigint      NOT NULL DEFAULT 1,
    create_time    timestamptz NOT NULL,
    PRIMARY KEY (account_id, id)
);
COMMENT ON TABLE sms_providers IS 'Providers of SMS that accounts use (CAB-07, CAB-08).';
COMMENT ON COLUMN sms_providers.account_id IS 'Whose it is.';
COMMENT ON COLUMN sms_providers.id IS 'Its id.';
COMMENT ON COLUMN sms_providers.widget_key IS 'Which description says how it is called.';
COMMENT ON COLUMN sms_providers.title IS 'Name for people.';
COMMENT ON COLUMN sms_providers.settings IS 'Settings that are no secrets, by name.';
COMMENT ON COLUMN sms_providers.sealed_secrets IS 'Settings that are secrets, encrypted with the installation''s key.';
COMMENT ON COLUMN sms_providers.balance IS 'What is left to spend, in the provider''s words.';
COMMENT ON COLUMN sms_providers.last_sent_time IS 'When it last took an SMS.';
COMMENT ON COLUMN sms_providers.error_class IS 'What went wrong since then: 0 nothing, 1 number, 2 settings, 3 credentials, 4 money, 5 busy, 6 unavailable, 7 unknown.';
COMMENT ON COLUMN sms_providers.error_text IS 'The provider''s own words.';
COMMENT ON COLUMN sms_providers.error_time IS 'When it went wrong.';
COMMENT ON COLUMN sms_providers.version IS 'Counts the changes of administrators: the etag.';
COMMENT ON COLUMN sms_providers.create_time IS 'When it was installed.';

CALL beseda.guard('sms_providers');

CREATE TABLE sms_messages (
    account_id  uuid        NOT NULL,
    id          uuid        NOT NULL,
    purpose     smallint    NOT NULL CHECK (purpose IN (1, 2)),
    state       smallint    NOT NULL CHECK (state BETWEEN 1 AND 6),
    sealed      bytea,
    attempts    smallint    NOT NULL DEFAULT 0,
    due_time    timestamptz,
    expire_time timestamptz NOT NULL,
    provider_id uuid,
    external_id text,
    error_class smallint    NOT NULL DEFAULT 0 CHECK (error_class BETWEEN 0 AND 7),
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT sms_messages_waiting CHECK ((state = 1) = (due_time IS NOT NULL) AND (state = 1) = (sealed IS NOT NULL))
);
-- What is due, of every account.
CREATE INDEX sms_messages_due ON sms_messages (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX sms_messages_reported ON sms_messages (account_id, provider_id, external_id) WHERE external_id IS NOT NULL;
-- For forgetting.
CREATE INDEX sms_messages_by_age ON sms_messages (create_time);

COMMENT ON TABLE sms_messages IS 'SMS with codes, on their way and for a while after it. Numbers and texts are gone as soon as nobody needs them.';
COMMENT ON COLUMN sms_messages.account_id IS 'Whose client.';
COMMENT ON COLUMN sms_messages.id IS 'Its id, which the provider is told.';
COMMENT ON COLUMN sms_messages.purpose IS '1 to log in, 2 to confirm a deletion.';
COMMENT ON COLUMN sms_messages.state IS '1 waiting, 2 sent, 3 delivered, 4 failed, 5 not sent: nobody has this number, 6 not sent: a cap was reached.';
COMMENT ON COLUMN sms_messages.sealed IS 'Number and text, encrypted with the installation''s key; only while it waits.';
COMMENT ON COLUMN sms_messages.attempts IS 'How often it was tried.';
COMMENT ON COLUMN sms_messages.due_time IS 'When it is tried next; only while it waits. Moved ahead while somebody tries.';
COMMENT ON COLUMN sms_messages.expire_time IS 'When its code stops working: later it is not sent.';
COMMENT ON COLUMN sms_messages.provider_id IS 'Which provider took it.';
COMMENT ON COLUMN sms_messages.external_id IS 'The provider''s own id of it.';
COMMENT ON COLUMN sms_messages.error_class IS 'What went wrong last; numbers as in sms_providers.';
COMMENT ON COLUMN sms_messages.create_time IS 'When it was asked for.';

CALL beseda.guard('sms_messages');

CREATE TABLE codes (
    account_id   uuid        NOT NULL,
    token_digest bytea       NOT NULL CHECK (octet_length(token_digest) = 32),
    purpose      smallint    NOT NULL CHECK (purpose IN (1, 2)),
    phone        text        NOT NULL,
    code_digest  bytea       NOT NULL CHECK (octet_length(code_digest) = 32),
    tries        smallint    NOT NULL DEFAULT 0,
    used         boolean     NOT NULL DEFAULT false,
    create_time  timestamptz NOT NULL,
    expire_time  timestamptz NOT NULL,
    PRIMARY KEY (account_id, token_digest)
);
-- For forgetting codes of every account whose time is over.
CREATE INDEX codes_by_expiry ON codes (expire_time);

COMMENT ON TABLE codes IS 'Codes that clients were sent, bound to the browser that asked.';
COMMENT ON COLUMN codes.account_id IS 'Whose client.';
COMMENT ON COLUMN codes.token_digest IS 'SHA-256 of the request''s token; the token itself is in the browser only.';
COMMENT ON COLUMN codes.purpose IS '1 to log in, 2 to confirm a deletion.';
COMMENT ON COLUMN codes.phone IS 'The number that it proves.';
COMMENT ON COLUMN codes.code_digest IS 'HMAC of the code under the installation''s key, bound to request, number and purpose.';
COMMENT ON COLUMN codes.tries IS 'How often it was tried, at most 5.';
COMMENT ON COLUMN codes.used IS 'It has worked once and does not again.';
COMMENT ON COLUMN codes.create_time IS 'When it was asked for.';
COMMENT ON COLUMN codes.expire_time IS 'When it stops working.';

CALL beseda.guard('codes');

CREATE TABLE counters (
    account_id  uuid        NOT NULL,
    kind        smallint    NOT NULL,
    key         bytea       NOT NULL,
    window_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    count       integer     NOT NULL,
    PRIMARY KEY (account_id, kind, key, window_time)
);
CREATE INDEX counters_by_expiry ON counters (expire_time);

COMMENT ON TABLE counters IS 'How often something happened in a window of time. Kept here and not in Redis: these limits guard accounts and money.';
COMMENT ON COLUMN counters.account_id IS 'In which account.';
COMMENT ON COLUMN counters.kind IS 'What is counted, as the program numbers it.';
COMMENT ON COLUMN counters.key IS 'For whom: HMAC of a number, of a range of numbers, of an address; empty for the account.';
COMMENT ON COLUMN counters.window_time IS 'Beginning of the window.';
COMMENT ON COLUMN counters.expire_time IS 'End of the window.';
COMMENT ON COLUMN counters.count IS 'How often.';

CALL beseda.guard('counters');
