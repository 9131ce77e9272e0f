CREATE TABLE notes (
    account_id uuid NOT NULL,
    note_id    uuid NOT NULL,
    text       text NOT NULL,
    PRIMARY KEY (account_id, note_id)
);
COMMENT ON TABLE notes IS 'Stands for any tenant table.';
COMMENT ON COLUMN notes.account_id IS 'Whose it is.';
COMMENT ON COLUMN notes.note_id IS 'Which it is.';
COMMENT ON COLUMN notes.text IS 'What it says.';
CALL beseda.guard('notes');
