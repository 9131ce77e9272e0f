-- The survey of «Отправить NPS» (CNV-17, A-08).
ALTER TABLE account_states
    ADD COLUMN nps_enabled boolean,
    ADD COLUMN nps_in_plan boolean,
    ADD COLUMN nps_text    text;
COMMENT ON COLUMN account_states.nps_enabled IS 'Are surveys switched on? Null: told before it was asked for; identity is asked.';
COMMENT ON COLUMN account_states.nps_in_plan IS 'Does the plan include surveys? Null as above.';
COMMENT ON COLUMN account_states.nps_text IS 'The question; empty: one in the account''s language. Null as above.';

CREATE TABLE nps_surveys (
    account_id      uuid        NOT NULL,
    conversation_id uuid        NOT NULL,
    seq             bigint      NOT NULL,
    send_time       timestamptz NOT NULL,
    rating          smallint    CHECK (rating BETWEEN 1 AND 10),
    rate_time       timestamptz,
    PRIMARY KEY (account_id, conversation_id, seq),
    CONSTRAINT nps_surveys_rated CHECK ((rating IS NULL) = (rate_time IS NULL))
) WITH (fillfactor = 80);
CALL beseda.guard('nps_surveys');
COMMENT ON TABLE nps_surveys IS 'Surveys that were sent, and what clients answered. A conversation that is opened again may have several.';
COMMENT ON COLUMN nps_surveys.account_id IS 'Account.';
COMMENT ON COLUMN nps_surveys.conversation_id IS 'The conversation it closed.';
COMMENT ON COLUMN nps_surveys.seq IS 'Place of the question in the chat.';
COMMENT ON COLUMN nps_surveys.send_time IS 'When it was queued for the channel.';
COMMENT ON COLUMN nps_surveys.rating IS '1 to 10; null while the client has not rated.';
COMMENT ON COLUMN nps_surveys.rate_time IS 'When the client rated.';
