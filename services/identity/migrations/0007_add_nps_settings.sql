-- The survey of «Отправить NPS» (CNV-17).
ALTER TABLE accounts
    ADD COLUMN nps_enabled boolean NOT NULL DEFAULT false,
    ADD COLUMN nps_text    text    NOT NULL DEFAULT '';
COMMENT ON COLUMN accounts.nps_enabled IS 'Does «Отправить NPS» send a survey? Off, it only closes the conversation.';
COMMENT ON COLUMN accounts.nps_text IS 'The survey''s question; empty: one in the account''s language.';
