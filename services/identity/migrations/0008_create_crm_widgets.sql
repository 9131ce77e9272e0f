-- The chat window inside the company's CRM: the widget, and the sessions that the CRM begins with its key.

CREATE TABLE crm_widgets (
    account_id   uuid        NOT NULL PRIMARY KEY REFERENCES accounts,
    key_id       uuid        NOT NULL,
    user_id      uuid        NOT NULL,
    install_time timestamptz NOT NULL,
    FOREIGN KEY (account_id, key_id) REFERENCES api_keys,
    FOREIGN KEY (account_id, user_id) REFERENCES users
);
CALL beseda.guard('crm_widgets');
COMMENT ON TABLE crm_widgets IS 'Accounts whose CRM has the widget of the chat window (CHW-01).';
COMMENT ON COLUMN crm_widgets.account_id IS 'Whose.';
COMMENT ON COLUMN crm_widgets.key_id IS 'The key of the CRM''s backend.';
COMMENT ON COLUMN crm_widgets.user_id IS 'The administrator who installed it.';
COMMENT ON COLUMN crm_widgets.install_time IS 'When.';

ALTER TABLE sessions ADD COLUMN begun_by uuid;
CREATE INDEX sessions_begun_by ON sessions (account_id, begun_by) WHERE begun_by IS NOT NULL AND end_time IS NULL;
COMMENT ON COLUMN sessions.begun_by IS 'The key of the CRM widget with which the CRM began it; null when the employee logged in.';
