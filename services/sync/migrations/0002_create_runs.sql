-- What clients asked, what is still to be done about it, and what was done.
CREATE TABLE requests (
    account_id       uuid        NOT NULL,
    conversation_id  uuid        NOT NULL,
    number           bigint      NOT NULL,
    client_key       text        NOT NULL,
    facts            jsonb       NOT NULL,
    is_group         boolean     NOT NULL,
    first_message_id uuid        NOT NULL,
    occasion         smallint    NOT NULL CHECK (occasion BETWEEN 1 AND 3),
    message_time     timestamptz NOT NULL,
    create_time      timestamptz NOT NULL,
    PRIMARY KEY (account_id, conversation_id)
);
CREATE INDEX requests_by_number ON requests (account_id, number);
CREATE INDEX requests_by_time ON requests (account_id, create_time, conversation_id);
CREATE INDEX requests_age ON requests (message_time);
CALL beseda.guard('requests');
COMMENT ON TABLE requests IS 'Conversations as rules see them; deleted 30 days after the client last wrote.';
COMMENT ON COLUMN requests.account_id IS 'Account.';
COMMENT ON COLUMN requests.conversation_id IS 'ConversationId.';
COMMENT ON COLUMN requests.number IS 'Number of the conversation.';
COMMENT ON COLUMN requests.client_key IS 'Connector and the channel''s id of the chat: whose requests are handled one after the other.';
COMMENT ON COLUMN requests.facts IS 'What is known of the request, by name of parameter; later messages add to it.';
COMMENT ON COLUMN requests.is_group IS 'Do several people write?';
COMMENT ON COLUMN requests.first_message_id IS 'The message that began it.';
COMMENT ON COLUMN requests.occasion IS 'Into what the client last wrote: 1 new, 2 closed, 3 active.';
COMMENT ON COLUMN requests.message_time IS 'When the client last wrote.';
COMMENT ON COLUMN requests.create_time IS 'When it began.';

CREATE TABLE clients (
    account_id uuid        NOT NULL,
    client_key text        NOT NULL,
    due_time   timestamptz NOT NULL,
    failures   integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, client_key)
);
CREATE INDEX clients_due ON clients (due_time);
CALL beseda.guard('clients');
COMMENT ON TABLE clients IS 'Clients with jobs. One worker at a time has a client, so that their requests are handled in order.';
COMMENT ON COLUMN clients.account_id IS 'Account.';
COMMENT ON COLUMN clients.client_key IS 'As in requests.';
COMMENT ON COLUMN clients.due_time IS 'From when on a worker may take it: who takes it moves this into the future.';
COMMENT ON COLUMN clients.failures IS 'How often in a row the CRM did not answer.';

CREATE TABLE jobs (
    account_id      uuid        NOT NULL,
    client_key      text        NOT NULL,
    place           bigint      NOT NULL,
    job_id          uuid        NOT NULL,
    conversation_id uuid        NOT NULL,
    occasion        smallint    NOT NULL CHECK (occasion BETWEEN 1 AND 3),
    facts           jsonb       NOT NULL,
    message_time    timestamptz NOT NULL,
    is_rerun        boolean     NOT NULL,
    PRIMARY KEY (account_id, client_key, place, job_id)
);
CALL beseda.guard('jobs');
COMMENT ON TABLE jobs IS 'Messages of clients that rules have still to look at, and runs that are to be tried again.';
COMMENT ON COLUMN jobs.account_id IS 'Account.';
COMMENT ON COLUMN jobs.client_key IS 'As in requests.';
COMMENT ON COLUMN jobs.place IS 'Order among the client''s jobs: position of the event; 0 for a run that is tried again.';
COMMENT ON COLUMN jobs.job_id IS 'MessageId, or RunId of a run that is tried again.';
COMMENT ON COLUMN jobs.conversation_id IS 'ConversationId.';
COMMENT ON COLUMN jobs.occasion IS '1 new, 2 closed, 3 active.';
COMMENT ON COLUMN jobs.facts IS 'What is known of the request with this message.';
COMMENT ON COLUMN jobs.message_time IS 'When the client wrote.';
COMMENT ON COLUMN jobs.is_rerun IS 'Is it a run that is tried again?';

CREATE TABLE runs (
    account_id       uuid        NOT NULL,
    run_id           uuid        NOT NULL,
    integration_id   uuid        NOT NULL,
    integration_name text        NOT NULL,
    conversation_id  uuid        NOT NULL,
    number           bigint      NOT NULL,
    message_id       uuid        NOT NULL,
    client_key       text        NOT NULL,
    client_name      text        NOT NULL,
    state            smallint    NOT NULL CHECK (state BETWEEN 1 AND 4),
    problem          text        NOT NULL,
    attempts         integer     NOT NULL,
    settings_version bigint      NOT NULL,
    request          jsonb       NOT NULL,
    known            jsonb       NOT NULL,
    plan             jsonb       NOT NULL,
    steps            jsonb       NOT NULL,
    create_time      timestamptz NOT NULL,
    update_time      timestamptz NOT NULL,
    PRIMARY KEY (account_id, run_id)
);
CREATE UNIQUE INDEX runs_of_message ON runs (account_id, message_id, integration_id);
CREATE INDEX runs_of_integration ON runs (account_id, integration_id, run_id);
CREATE INDEX runs_of_conversation ON runs (account_id, conversation_id, run_id);
CREATE INDEX runs_in_state ON runs (account_id, state, run_id);
CREATE INDEX runs_age ON runs (create_time);
CALL beseda.guard('runs');
COMMENT ON TABLE runs IS 'What one integration did about one message; kept for 90 days.';
COMMENT ON COLUMN runs.account_id IS 'Account.';
COMMENT ON COLUMN runs.run_id IS 'RunId; later ones are greater.';
COMMENT ON COLUMN runs.integration_id IS 'Which integration.';
COMMENT ON COLUMN runs.integration_name IS 'Its name then.';
COMMENT ON COLUMN runs.conversation_id IS 'The conversation.';
COMMENT ON COLUMN runs.number IS 'Its number.';
COMMENT ON COLUMN runs.message_id IS 'The message that caused it: one run for each integration.';
COMMENT ON COLUMN runs.client_key IS 'As in requests.';
COMMENT ON COLUMN runs.client_name IS 'The client''s name then.';
COMMENT ON COLUMN runs.state IS '1 pending, 2 done, 3 nothing to do, 4 failed; the numbers of the contract.';
COMMENT ON COLUMN runs.problem IS 'Why it waits or failed; empty otherwise.';
COMMENT ON COLUMN runs.attempts IS 'How often its steps were tried.';
COMMENT ON COLUMN runs.settings_version IS 'By which version of the settings it was planned.';
COMMENT ON COLUMN runs.request IS 'rules::Request.';
COMMENT ON COLUMN runs.known IS 'rules::Known: what was known of the client.';
COMMENT ON COLUMN runs.plan IS 'rules::Plan.';
COMMENT ON COLUMN runs.steps IS 'A step for each change of the plan: its id, chosen before it is done, and whether it is done.';
COMMENT ON COLUMN runs.create_time IS 'When it was planned.';
COMMENT ON COLUMN runs.update_time IS 'When it last changed.';
