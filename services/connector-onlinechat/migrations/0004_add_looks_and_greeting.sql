-- How the window looks, and what its bot says first.

ALTER TABLE online_chats
    ADD COLUMN avatar           bytea   NOT NULL DEFAULT '' CHECK (octet_length(avatar) <= 16384),
    ADD COLUMN accent_color     text    NOT NULL DEFAULT '' CHECK (accent_color ~ '^(#[0-9a-f]{6})?$'),
    ADD COLUMN greeting_enabled boolean NOT NULL DEFAULT false,
    ADD COLUMN greeting_name    text    NOT NULL DEFAULT '',
    ADD COLUMN greeting_text    text    NOT NULL DEFAULT '',
    ADD CONSTRAINT online_chats_greeting CHECK (NOT greeting_enabled OR greeting_text <> '');
COMMENT ON COLUMN online_chats.avatar IS 'Picture in the header: PNG, JPEG or WebP; empty: none (ONL-28).';
COMMENT ON COLUMN online_chats.accent_color IS 'Colour of the window, "#rrggbb"; empty: the usual one.';
COMMENT ON COLUMN online_chats.greeting_enabled IS 'Does the bot greet a visitor who has not written yet? (ONL-27)';
COMMENT ON COLUMN online_chats.greeting_name IS 'Name of the bot; empty: the title.';
COMMENT ON COLUMN online_chats.greeting_text IS 'What the bot says; kept while the greeting is off.';
