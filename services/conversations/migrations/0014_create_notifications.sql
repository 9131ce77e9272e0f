-- The feed of what is new for each employee (CNV-02, CNV-11). The service's own events fill it, off the path of the commit.

CREATE TABLE notifications (
    account_id      uuid        NOT NULL,
    audience        uuid        NOT NULL,
    conversation_id uuid        NOT NULL,
    kind            smallint    NOT NULL CHECK (kind BETWEEN 1 AND 4),
    position        bigint      NOT NULL,
    message_id      uuid,
    seq             bigint,
    create_time     timestamptz NOT NULL,
    PRIMARY KEY (account_id, audience, conversation_id, kind),
    CONSTRAINT notifications_message CHECK ((message_id IS NULL) = (seq IS NULL))
);
CREATE INDEX notifications_feed ON notifications (account_id, audience, position);
CREATE INDEX notifications_age ON notifications (create_time);
CALL beseda.guard('notifications');
COMMENT ON TABLE notifications IS 'What is new, for whom: the newest of each kind in each conversation. Kept for 30 days. Who may see it is asked when it is read.';
COMMENT ON COLUMN notifications.account_id IS 'Account.';
COMMENT ON COLUMN notifications.audience IS 'Whom it concerns: UserId; the nil UUID for everybody, as long as nobody is responsible.';
COMMENT ON COLUMN notifications.conversation_id IS 'The conversation.';
COMMENT ON COLUMN notifications.kind IS '1 new conversation, 2 message of the client, 3 assigned, 4 rated; the numbers of the contract.';
COMMENT ON COLUMN notifications.position IS 'Place of the event in the outbox shard of the account: the order of the feed.';
COMMENT ON COLUMN notifications.message_id IS 'The client''s message; null with 3.';
COMMENT ON COLUMN notifications.seq IS 'Place of that message in the chat.';
COMMENT ON COLUMN notifications.create_time IS 'When it happened.';

CREATE TABLE notification_marks (
    account_id uuid   NOT NULL,
    reader_id  uuid   NOT NULL,
    position   bigint NOT NULL,
    PRIMARY KEY (account_id, reader_id)
) WITH (fillfactor = 80);
CALL beseda.guard('notification_marks');
COMMENT ON TABLE notification_marks IS 'How far everybody has read their feed.';
COMMENT ON COLUMN notification_marks.account_id IS 'Account.';
COMMENT ON COLUMN notification_marks.reader_id IS 'Who: UserId, or ApiKeyId of a program.';
COMMENT ON COLUMN notification_marks.position IS 'Up to which entry, itself among them; never goes back.';
