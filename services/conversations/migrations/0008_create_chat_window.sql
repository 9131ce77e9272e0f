-- The chat window: group chats, the black list, templates, when may be written.

ALTER TABLE connectors ADD COLUMN reply_window_seconds integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN connectors.reply_window_seconds IS 'For how long after a message of the client free text may be sent (WA-03); 0: for ever.';

ALTER TABLE chats ADD COLUMN is_group boolean NOT NULL DEFAULT false, ADD COLUMN client_time timestamptz,
    ADD COLUMN erase_time timestamptz;
COMMENT ON COLUMN chats.is_group IS 'Several people write in it: administrators only see it (CHW-19).';
COMMENT ON COLUMN chats.client_time IS 'When the client last wrote, as far as the channel says: the dialogue window begins there.';
COMMENT ON COLUMN chats.erase_time IS 'When the client''s data were erased: nothing may be sent until the client writes again (CAB-26).';
CREATE INDEX chats_of_person ON chats (account_id, external_id);
CREATE INDEX chats_of_contact ON chats (account_id, contact_id) WHERE contact_id IS NOT NULL;

ALTER TABLE cards ADD COLUMN contacts uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN cards.contacts IS 'Contacts of a deal or customer, the main one first.';

CREATE TABLE black_list (
    account_id    uuid        NOT NULL,
    connector_key text        NOT NULL,
    external_id   text        NOT NULL,
    blocked_by    uuid,
    block_time    timestamptz NOT NULL,
    refused       bigint      NOT NULL DEFAULT 0,
    refused_time  timestamptz,
    PRIMARY KEY (account_id, connector_key, external_id)
) WITH (fillfactor = 70);
CALL beseda.guard('black_list');
COMMENT ON TABLE black_list IS 'Clients from whom nothing is received and to whom nothing is sent, by channel (A-15). Of what they write only a count and a time are kept (A-16).';
COMMENT ON COLUMN black_list.account_id IS 'Account.';
COMMENT ON COLUMN black_list.connector_key IS 'The channel.';
COMMENT ON COLUMN black_list.external_id IS 'The channel''s id of the client: of the private chat with them in any of its connections.';
COMMENT ON COLUMN black_list.blocked_by IS 'The employee who blocked; null for a program.';
COMMENT ON COLUMN black_list.block_time IS 'Since when.';
COMMENT ON COLUMN black_list.refused IS 'How many messages came since then; repeated ones count again.';
COMMENT ON COLUMN black_list.refused_time IS 'When the last of them came.';

CREATE TABLE templates (
    account_id    uuid     NOT NULL,
    connection_id uuid     NOT NULL,
    key           text     NOT NULL,
    language      text     NOT NULL,
    name          text     NOT NULL,
    category      text     NOT NULL,
    body          text     NOT NULL,
    parameters    text[]   NOT NULL,
    approved      boolean  NOT NULL,
    paid          boolean  NOT NULL,
    PRIMARY KEY (account_id, connection_id, key, language)
);
CALL beseda.guard('templates');
COMMENT ON TABLE templates IS 'Templates of messages that are kept at the channel''s provider, as the connector last reported them (CHW-25, WA-04).';
COMMENT ON COLUMN templates.account_id IS 'Account.';
COMMENT ON COLUMN templates.connection_id IS 'The connection they may be sent through.';
COMMENT ON COLUMN templates.key IS 'The provider''s id of the template.';
COMMENT ON COLUMN templates.language IS 'BCP 47 language of the text.';
COMMENT ON COLUMN templates.name IS 'Name for employees.';
COMMENT ON COLUMN templates.category IS 'The provider''s category.';
COMMENT ON COLUMN templates.body IS 'Text with {{name}} where a parameter belongs.';
COMMENT ON COLUMN templates.parameters IS 'Names of the parameters, in order.';
COMMENT ON COLUMN templates.approved IS 'Does the provider let it be sent?';
COMMENT ON COLUMN templates.paid IS 'Is sending it paid?';
