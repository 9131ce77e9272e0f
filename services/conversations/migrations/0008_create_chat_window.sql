-- The chat window: group chats, the black list, templates, when may be written, profiles of employees.

ALTER TABLE connectors ADD COLUMN reply_window_seconds integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN connectors.reply_window_seconds IS 'For how long after a message of the client free text may be sent (WA-03); 0: for ever.';

ALTER TABLE chats ADD COLUMN is_group boolean NOT NULL DEFAULT false, ADD COLUMN client_time timestamptz,
    ADD COLUMN erase_time timestamptz;
COMMENT ON COLUMN chats.is_group IS 'Several people write in it: administrators only see it (CHW-19).';
COMMENT ON COLUMN chats.client_time IS 'When the client last wrote, as far as the channel says: the dialogue window begins there.';
COMMENT ON COLUMN chats.erase_time IS 'When the client''s data were erased: nothing may be sent until the client writes again (CAB-26).';
CREATE INDEX chats_of_person ON chats (account_id, external_id);
CREATE INDEX chats_of_contact ON chats (account_id, contact_id) WHERE contact_id IS NOT NULL;

-- The list of the chat window: unanswered first, each part by the newest message (A-41).
CREATE INDEX conversations_window ON conversations
    (account_id, (CASE WHEN life = 1 AND answer = 1 THEN 1 ELSE 2 END), last_time DESC, id DESC);
CREATE INDEX conversations_window_of_owner ON conversations
    (account_id, contact_owner, (CASE WHEN life = 1 AND answer = 1 THEN 1 ELSE 2 END), last_time DESC, id DESC)
    WHERE contact_owner IS NOT NULL;

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

ALTER TABLE deliveries ADD COLUMN template bytea;
COMMENT ON COLUMN deliveries.template IS 'The template that the text was made of, as the hub''s contract encodes it; null for free text.';

CREATE TABLE employee_profiles (
    account_id  uuid        NOT NULL,
    user_id     uuid        NOT NULL,
    name        text        NOT NULL,
    email       text        NOT NULL,
    role        smallint    NOT NULL CHECK (role BETWEEN 1 AND 1),
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, user_id)
);
CALL beseda.guard('employee_profiles');
COMMENT ON TABLE employee_profiles IS 'Employees as the chat window knows them, made when they first open it (IDN-39).';
COMMENT ON COLUMN employee_profiles.account_id IS 'Account.';
COMMENT ON COLUMN employee_profiles.user_id IS 'UserId.';
COMMENT ON COLUMN employee_profiles.name IS 'Name, as the CRM had it then.';
COMMENT ON COLUMN employee_profiles.email IS 'E-mail, as the CRM had it then.';
COMMENT ON COLUMN employee_profiles.role IS '1 «Менеджер» (IDN-40).';
COMMENT ON COLUMN employee_profiles.create_time IS 'When the window was first opened.';

CREATE TABLE chat_settings (
    account_id  uuid     PRIMARY KEY,
    feed_author smallint NOT NULL CHECK (feed_author BETWEEN 1 AND 2),
    bot_name    text     NOT NULL,
    version     bigint   NOT NULL
);
CALL beseda.guard('chat_settings');
COMMENT ON TABLE chat_settings IS 'What an account has set for the chat window.';
COMMENT ON COLUMN chat_settings.account_id IS 'Account.';
COMMENT ON COLUMN chat_settings.feed_author IS 'Whom the CRM''s feed names as author of employees'' messages: 1 the employee, 2 the bot (A-17).';
COMMENT ON COLUMN chat_settings.bot_name IS 'Name of that bot.';
COMMENT ON COLUMN chat_settings.version IS 'Grows with every change; the etag.';
