-- Messages of employees are told in timelines (CHW-69): the kind 15. Their texts are not here.
COMMENT ON COLUMN timeline.entry_id IS 'TimelineEntryId; later ones are greater. Of a message its MessageId: so it is told once.';
COMMENT ON COLUMN timeline.kind IS 'What happened; the numbers of the contract.';
COMMENT ON COLUMN timeline.author_id IS '"user_…" or "key_…"; empty for the robot, and for the bot that the account shows as the author of messages.';
