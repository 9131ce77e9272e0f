CREATE TABLE visitors (
    account_id         uuid        NOT NULL,
    id                 uuid        NOT NULL,
    online_chat_id     uuid        NOT NULL,
    name               text        NOT NULL DEFAULT '',
    resume_digest      bytea       NOT NULL CHECK (octet_length(resume_digest) = 32),
    resume_expire_time timestamptz NOT NULL,
    create_time        timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT visitors_resume_digest UNIQUE (account_id, resume_digest),
    FOREIGN KEY (account_id, online_chat_id) REFERENCES online_chats (account_id, id) ON DELETE CASCADE
);
CREATE INDEX visitors_by_online_chat ON visitors (account_id, online_chat_id);
-- For forgetting visitors of every account whose time is over.
CREATE INDEX visitors_by_expiry ON visitors (resume_expire_time);

COMMENT ON TABLE visitors IS 'Visitors of online chats. What they wrote is in conversations; here is only how they come back.';
COMMENT ON COLUMN visitors.account_id IS 'Whose online chat.';
COMMENT ON COLUMN visitors.id IS 'The visitor: the chat''s key at the hub.';
COMMENT ON COLUMN visitors.online_chat_id IS 'The one online chat where the visitor is known.';
COMMENT ON COLUMN visitors.name IS 'The name that the page told; empty when unknown.';
COMMENT ON COLUMN visitors.resume_digest IS 'SHA-256 of the resume token; the token itself is in the browser only.';
COMMENT ON COLUMN visitors.resume_expire_time IS 'Until when the resume token works; moves with every use.';
COMMENT ON COLUMN visitors.create_time IS 'When the visitor first came.';

CALL beseda.guard('visitors');

CREATE TABLE visitor_sessions (
    account_id   uuid        NOT NULL,
    token_digest bytea       NOT NULL CHECK (octet_length(token_digest) = 32),
    visitor_id   uuid        NOT NULL,
    page_url     text        NOT NULL DEFAULT '',
    page_title   text        NOT NULL DEFAULT '',
    referrer     text        NOT NULL DEFAULT '',
    language     text        NOT NULL DEFAULT '',
    expire_time  timestamptz NOT NULL,
    PRIMARY KEY (account_id, token_digest),
    FOREIGN KEY (account_id, visitor_id) REFERENCES visitors (account_id, id) ON DELETE CASCADE
);
CREATE INDEX visitor_sessions_by_visitor ON visitor_sessions (account_id, visitor_id);
-- For forgetting sessions of every account whose time is over.
CREATE INDEX visitor_sessions_by_expiry ON visitor_sessions (expire_time);

COMMENT ON TABLE visitor_sessions IS 'Sessions of visitors: one for each page that was opened in the last hour.';
COMMENT ON COLUMN visitor_sessions.account_id IS 'Whose online chat.';
COMMENT ON COLUMN visitor_sessions.token_digest IS 'SHA-256 of the session token; the token itself is in the browser only.';
COMMENT ON COLUMN visitor_sessions.visitor_id IS 'Whose session.';
COMMENT ON COLUMN visitor_sessions.page_url IS 'Address of the page that shows the button; empty when unknown.';
COMMENT ON COLUMN visitor_sessions.page_title IS 'Title of that page; empty when unknown.';
COMMENT ON COLUMN visitor_sessions.referrer IS 'Where the visitor came from; empty when unknown.';
COMMENT ON COLUMN visitor_sessions.language IS 'BCP 47 language of the device; empty when unknown.';
COMMENT ON COLUMN visitor_sessions.expire_time IS 'When the token stops working.';

CALL beseda.guard('visitor_sessions');
