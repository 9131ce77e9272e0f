-- What clients change afterwards: texts, deleted messages, lines that they block.

ALTER TABLE messages ADD COLUMN edits jsonb, ADD COLUMN delete_time timestamptz;
COMMENT ON COLUMN messages.edits IS 'Texts it had before the client changed it, oldest first, at most 20: {text, replaced}; null when it was never changed.';
COMMENT ON COLUMN messages.delete_time IS 'When the client deleted it: its text, the texts before and its files are gone, its place stays.';

ALTER TABLE chats ADD COLUMN unreachable_time timestamptz;
COMMENT ON COLUMN chats.unreachable_time IS 'Since when the client has blocked the line; null when they can be written to. What the client writes clears it.';
