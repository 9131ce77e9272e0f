-- Portals of amoCRM, and what was made there. account_id leads every key.
CREATE TABLE portals (
    account_id     uuid        NOT NULL,
    portal_id      uuid        NOT NULL,
    amo_account_id bigint      NOT NULL,
    host           text        NOT NULL,
    name           text        NOT NULL,
    state          smallint    NOT NULL CHECK (state BETWEEN 1 AND 2),
    problem        text        NOT NULL DEFAULT '',
    connected_by   text        NOT NULL,
    connect_time   timestamptz NOT NULL,
    create_time    timestamptz NOT NULL,
    sealed_tokens  bytea       NOT NULL,
    token_version  bigint      NOT NULL,
    token_time     timestamptz NOT NULL,
    expire_time    timestamptz NOT NULL,
    renew_until    timestamptz NOT NULL DEFAULT '-infinity',
    next_call_time timestamptz NOT NULL DEFAULT '-infinity',
    pause_until    timestamptz NOT NULL DEFAULT '-infinity',
    failures       integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, portal_id)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX portals_of_amo_account ON portals (account_id, amo_account_id);
CREATE INDEX portals_token_age ON portals (token_time) WHERE state = 1;
CALL beseda.guard('portals');
COMMENT ON TABLE portals IS 'Portals of amoCRM (SYN-01). The row is also how replicas share its tokens and the limit of its calls.';
COMMENT ON COLUMN portals.account_id IS 'Account.';
COMMENT ON COLUMN portals.portal_id IS 'PortalId; stays the same when the portal is connected again.';
COMMENT ON COLUMN portals.amo_account_id IS 'amoCRM''s id of it, by which it is known again after it was renamed.';
COMMENT ON COLUMN portals.host IS 'Its host, such as "example.amocrm.ru".';
COMMENT ON COLUMN portals.name IS 'Its name.';
COMMENT ON COLUMN portals.state IS '1 connected, 2 disconnected; the numbers of the contract.';
COMMENT ON COLUMN portals.problem IS 'Why it is disconnected, or why requests wait; empty otherwise.';
COMMENT ON COLUMN portals.connected_by IS '"user_…" or "key_…".';
COMMENT ON COLUMN portals.connect_time IS 'When it was connected last.';
COMMENT ON COLUMN portals.create_time IS 'When it was connected first.';
COMMENT ON COLUMN portals.sealed_tokens IS 'Access and refresh token under the master key; empty while it is disconnected.';
COMMENT ON COLUMN portals.token_version IS 'Grows with every new pair: who saw an older one looks again.';
COMMENT ON COLUMN portals.token_time IS 'When the pair was given: a pair that nobody uses dies after three months.';
COMMENT ON COLUMN portals.expire_time IS 'Until when the access token is good.';
COMMENT ON COLUMN portals.renew_until IS 'Until when somebody renews the pair: one at a time does.';
COMMENT ON COLUMN portals.next_call_time IS 'The next moment at which a call may be made: each takes one (7 a second at most).';
COMMENT ON COLUMN portals.pause_until IS 'Until when it is left alone, because it did not answer or said so.';
COMMENT ON COLUMN portals.failures IS 'How often in a row it did not answer.';

CREATE TABLE portal_logins (
    account_id    uuid        NOT NULL,
    state_digest  bytea       NOT NULL,
    administrator text        NOT NULL,
    expire_time   timestamptz NOT NULL,
    PRIMARY KEY (account_id, state_digest)
);
CREATE INDEX portal_logins_age ON portal_logins (expire_time);
CALL beseda.guard('portal_logins');
COMMENT ON TABLE portal_logins IS 'Connections of portals that were begun and not completed.';
COMMENT ON COLUMN portal_logins.account_id IS 'Account.';
COMMENT ON COLUMN portal_logins.state_digest IS 'SHA-256 of the state that comes back with the code.';
COMMENT ON COLUMN portal_logins.administrator IS 'Who began, as "user_…" or "key_…": nobody else can complete.';
COMMENT ON COLUMN portal_logins.expire_time IS 'Until when.';

CREATE TABLE portal_events (
    account_id  uuid        NOT NULL,
    portal_id   uuid        NOT NULL,
    event_id    uuid        NOT NULL,
    kind        smallint    NOT NULL CHECK (kind BETWEEN 1 AND 3),
    author      text        NOT NULL,
    details     text        NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, portal_id, event_id)
);
CALL beseda.guard('portal_events');
COMMENT ON TABLE portal_events IS 'Who connected a portal and gave it up, and when amoCRM refused it.';
COMMENT ON COLUMN portal_events.account_id IS 'Account.';
COMMENT ON COLUMN portal_events.portal_id IS 'PortalId.';
COMMENT ON COLUMN portal_events.event_id IS 'Later ones are greater.';
COMMENT ON COLUMN portal_events.kind IS '1 connected, 2 disconnected, 3 refused; the numbers of the contract.';
COMMENT ON COLUMN portal_events.author IS '"user_…" or "key_…"; empty where amoCRM did it.';
COMMENT ON COLUMN portal_events.details IS 'What amoCRM said; empty where an employee did it.';
COMMENT ON COLUMN portal_events.create_time IS 'When.';

CREATE TABLE portal_clients (
    account_id uuid   NOT NULL,
    portal_id  uuid   NOT NULL,
    client_key text   NOT NULL,
    contact_id bigint NOT NULL,
    PRIMARY KEY (account_id, portal_id, client_key)
);
CALL beseda.guard('portal_clients');
COMMENT ON TABLE portal_clients IS 'Whose contact a client is in a portal: of messengers it knows nothing.';
COMMENT ON COLUMN portal_clients.account_id IS 'Account.';
COMMENT ON COLUMN portal_clients.portal_id IS 'PortalId.';
COMMENT ON COLUMN portal_clients.client_key IS 'As in requests.';
COMMENT ON COLUMN portal_clients.contact_id IS 'amoCRM''s id of the contact.';

CREATE TABLE portal_conversations (
    account_id      uuid   NOT NULL,
    portal_id       uuid   NOT NULL,
    conversation_id uuid   NOT NULL,
    lead_id         bigint,
    record_uid      text,
    record_lead_id  bigint,
    PRIMARY KEY (account_id, portal_id, conversation_id)
);
CALL beseda.guard('portal_conversations');
COMMENT ON TABLE portal_conversations IS 'In which deal of a portal a conversation is conducted.';
COMMENT ON COLUMN portal_conversations.account_id IS 'Account.';
COMMENT ON COLUMN portal_conversations.portal_id IS 'PortalId.';
COMMENT ON COLUMN portal_conversations.conversation_id IS 'ConversationId.';
COMMENT ON COLUMN portal_conversations.lead_id IS 'amoCRM''s id of the deal; null while there is none.';
COMMENT ON COLUMN portal_conversations.record_uid IS 'amoCRM''s id of the last unsorted record; null while there is none.';
COMMENT ON COLUMN portal_conversations.record_lead_id IS 'The deal that the record becomes when it is accepted.';

CREATE TABLE portal_tasks (
    account_id     uuid   NOT NULL,
    integration_id uuid   NOT NULL,
    contact_id     bigint NOT NULL,
    task_id        bigint NOT NULL,
    PRIMARY KEY (account_id, integration_id, contact_id, task_id)
);
CALL beseda.guard('portal_tasks');
COMMENT ON TABLE portal_tasks IS 'Tasks that integrations put into a portal and that were not seen closed: only these count as open (A-36).';
COMMENT ON COLUMN portal_tasks.account_id IS 'Account.';
COMMENT ON COLUMN portal_tasks.integration_id IS 'Which integration.';
COMMENT ON COLUMN portal_tasks.contact_id IS 'amoCRM''s id of the contact.';
COMMENT ON COLUMN portal_tasks.task_id IS 'amoCRM''s id of the task.';

ALTER TABLE integrations ADD COLUMN portal_id uuid;
COMMENT ON COLUMN integrations.portal_id IS 'The portal that it transfers to (SYN-04); null means the built-in CRM.';
ALTER TABLE clients ADD COLUMN holder uuid;
COMMENT ON COLUMN clients.holder IS 'Which worker has taken it: one that was too slow sees that it has it no longer.';
ALTER TABLE runs ADD COLUMN portal_id uuid;
COMMENT ON COLUMN runs.portal_id IS 'Where it transfers to; null means the built-in CRM.';
