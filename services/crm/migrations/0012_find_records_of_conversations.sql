-- Rules ask which records a conversation has.
CREATE INDEX unsorted_of_conversation ON unsorted (account_id, conversation_id, record_id) WHERE conversation_id IS NOT NULL;
COMMENT ON COLUMN timeline.author_id IS '"user_…", "key_…", or "run_…" of rules.';
COMMENT ON COLUMN timeline.author_name IS 'The employee''s name then, or the integration''s; empty for a program.';
