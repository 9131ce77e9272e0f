-- Pictures that clients show of themselves (CHW-58): files of no message, one a chat.
ALTER TABLE attachments
    ADD COLUMN picture_of  uuid,
    ADD COLUMN picture_key text NOT NULL DEFAULT '';
COMMENT ON COLUMN attachments.picture_of IS 'The chat whose client shows this picture; who sees the chat may read it. Null for files of messages.';
COMMENT ON COLUMN attachments.picture_key IS 'The channel''s id of the picture.';
CREATE UNIQUE INDEX attachments_picture ON attachments (account_id, picture_of) WHERE picture_of IS NOT NULL;
DROP INDEX attachments_unused;
CREATE INDEX attachments_unused ON attachments (create_time) WHERE message_id IS NULL AND picture_of IS NULL;
