-- Files of clients that come part by part (UploadMediaPart): the client's own key of a file leads to the one that was made of it.
ALTER TABLE attachments ADD COLUMN upload_id uuid;
COMMENT ON COLUMN attachments.upload_id IS 'The client''s own key of a file that came in parts: an upload that is repeated makes no second file. Null for others.';
CREATE UNIQUE INDEX attachments_uploaded ON attachments (account_id, connection_id, external_chat_id, upload_id) WHERE upload_id IS NOT NULL;
