-- What employees wrote, until crm has it for the timelines of cards (CHW-69).
ALTER TABLE account_states ADD COLUMN feed_bot_name text NOT NULL DEFAULT '';
COMMENT ON COLUMN account_states.feed_bot_name IS 'Bot that crm''s timelines name as the author of employees'' messages; empty: they name the employee.';

CREATE TABLE crm_feed (
    account_id      uuid        NOT NULL,
    message_id      uuid        NOT NULL,
    conversation_id uuid        NOT NULL,
    author_id       text        NOT NULL,
    author_name     text        NOT NULL,
    create_time     timestamptz NOT NULL,
    attempt         integer     NOT NULL DEFAULT 0,
    not_before      timestamptz NOT NULL,
    PRIMARY KEY (account_id, message_id)
);
CREATE INDEX crm_feed_due ON crm_feed (not_before);
CALL beseda.guard('crm_feed');
COMMENT ON TABLE crm_feed IS 'Messages of employees in conversations of cards that are still to be told in crm''s timelines. Written with the message.';
COMMENT ON COLUMN crm_feed.account_id IS 'Account.';
COMMENT ON COLUMN crm_feed.message_id IS 'MessageId.';
COMMENT ON COLUMN crm_feed.conversation_id IS 'Its conversation; the cards that it has by then are told.';
COMMENT ON COLUMN crm_feed.author_id IS 'Whom crm names: "user_…", or empty for a bot.';
COMMENT ON COLUMN crm_feed.author_name IS 'The same for people.';
COMMENT ON COLUMN crm_feed.create_time IS 'When the message was written.';
COMMENT ON COLUMN crm_feed.attempt IS 'How often crm was told.';
COMMENT ON COLUMN crm_feed.not_before IS 'Not told before; while somebody tells, the end of their lease.';
