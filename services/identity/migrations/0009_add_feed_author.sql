-- Whom crm's timelines name as the author of what employees write to clients (CHW-69).
ALTER TABLE accounts
    ADD COLUMN feed_author   smallint NOT NULL DEFAULT 1 CHECK (feed_author BETWEEN 1 AND 2),
    ADD COLUMN feed_bot_name text     NOT NULL DEFAULT '';
COMMENT ON COLUMN accounts.feed_author IS 'Author of employees'' messages in the timelines of cards: 1 the employee, 2 a bot.';
COMMENT ON COLUMN accounts.feed_bot_name IS 'What the bot is called there; empty: "Beseda".';
