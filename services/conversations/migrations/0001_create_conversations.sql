-- Conversations, their messages, and the way of messages from and to connectors.
-- account_id leads every key. The row of a chat is the lock of everything in it: who changes a conversation, a message or a
-- delivery locks the chat first (in order of account, connection and external id where there are several), then the account's number, then,
-- last, the outbox shard.

CREATE TABLE account_states (
    account_id          uuid    PRIMARY KEY,
    subscription_active boolean NOT NULL,
    imbox_enabled       boolean NOT NULL,
    language            text    NOT NULL,
    version             bigint  NOT NULL
);
CALL beseda.guard('account_states');
COMMENT ON TABLE account_states IS 'This service''s copy of what identity says of an account.';
COMMENT ON COLUMN account_states.account_id IS 'The account.';
COMMENT ON COLUMN account_states.subscription_active IS 'May messages be sent? (CHW-54)';
COMMENT ON COLUMN account_states.imbox_enabled IS 'Is imBox on? (CNV-10)';
COMMENT ON COLUMN account_states.language IS 'BCP 47 language of the account.';
COMMENT ON COLUMN account_states.version IS 'Identity''s version of the account; an older one changes nothing.';

CREATE TABLE connectors (
    account_id      uuid        NOT NULL,
    connector_key   text        NOT NULL,
    title           text        NOT NULL,
    max_text_length integer     NOT NULL,
    reports_read    boolean     NOT NULL,
    register_time   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, connector_key)
);
ALTER TABLE connectors ENABLE ROW LEVEL SECURITY;
ALTER TABLE connectors FORCE ROW LEVEL SECURITY;
CREATE POLICY own_or_installation ON connectors
    USING (account_id = (SELECT beseda.current_account()) OR (SELECT beseda.is_system())
        OR account_id = '00000000-0000-0000-0000-000000000000')
    WITH CHECK (account_id = (SELECT beseda.current_account()) OR (SELECT beseda.is_system()));
COMMENT ON TABLE connectors IS 'Manifests of connectors. Those of the installation belong to no account, and every account may read them.';
COMMENT ON COLUMN connectors.account_id IS 'The account whose program the connector is; the nil UUID for a connector of the installation.';
COMMENT ON COLUMN connectors.connector_key IS 'Its key, for example "onlinechat".';
COMMENT ON COLUMN connectors.title IS 'For people.';
COMMENT ON COLUMN connectors.max_text_length IS 'The longest text it can send, in characters.';
COMMENT ON COLUMN connectors.reports_read IS 'Does it report that a client has seen a message?';
COMMENT ON COLUMN connectors.register_time IS 'When it last registered.';

CREATE TABLE connections (
    account_id        uuid        NOT NULL,
    id                uuid        NOT NULL,
    connector_key     text        NOT NULL,
    external_id       text        NOT NULL,
    title             text        NOT NULL,
    conversation_mode smallint    NOT NULL CHECK (conversation_mode BETWEEN 1 AND 3),
    enabled           boolean     NOT NULL,
    version           bigint      NOT NULL DEFAULT 1,
    create_time       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, id),
    CONSTRAINT connections_external_id UNIQUE (account_id, connector_key, external_id)
);
CALL beseda.guard('connections');
COMMENT ON TABLE connections IS 'Lines of channels.';
COMMENT ON COLUMN connections.account_id IS 'Account.';
COMMENT ON COLUMN connections.id IS 'ConnectionId.';
COMMENT ON COLUMN connections.connector_key IS 'The connector that serves it.';
COMMENT ON COLUMN connections.external_id IS 'The connector''s own id for it.';
COMMENT ON COLUMN connections.title IS 'Name for employees.';
COMMENT ON COLUMN connections.conversation_mode IS '1 new after close, 2 one active (ONL-06), 3 multiple (ONL-07); the numbers of the contract.';
COMMENT ON COLUMN connections.enabled IS 'Off: nothing is accepted and nothing is sent.';
COMMENT ON COLUMN connections.version IS 'Grows with every change; the etag.';
COMMENT ON COLUMN connections.create_time IS 'When it was added.';

CREATE TABLE connection_directory (
    connection_id uuid PRIMARY KEY,
    account_id    uuid NOT NULL,
    connector_key text NOT NULL
);
CREATE INDEX connection_directory_connector ON connection_directory (connector_key);
CALL beseda.guard('connection_directory');
COMMENT ON TABLE connection_directory IS 'Which account a connection belongs to: connectors of the installation name connections only. It is looked up as the system.';
COMMENT ON COLUMN connection_directory.connection_id IS 'ConnectionId.';
COMMENT ON COLUMN connection_directory.account_id IS 'Its account.';
COMMENT ON COLUMN connection_directory.connector_key IS 'Its connector.';

CREATE TABLE account_numbers (
    account_id  uuid   PRIMARY KEY,
    last_number bigint NOT NULL
) WITH (fillfactor = 50);
CALL beseda.guard('account_numbers');
COMMENT ON TABLE account_numbers IS 'The newest conversation number of each account: numbers have no gaps and no doubles (CNV-08, CNV-09).';
COMMENT ON COLUMN account_numbers.account_id IS 'Account.';
COMMENT ON COLUMN account_numbers.last_number IS 'The newest number.';

CREATE TABLE chats (
    account_id    uuid        NOT NULL,
    id            uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    external_id   text        NOT NULL,
    client_name   text        NOT NULL,
    last_seq      bigint      NOT NULL,
    create_time   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, id),
    CONSTRAINT chats_external_id UNIQUE (account_id, connection_id, external_id)
) WITH (fillfactor = 70);
CALL beseda.guard('chats');
COMMENT ON TABLE chats IS 'The line to one client in one connection.';
COMMENT ON COLUMN chats.account_id IS 'Account.';
COMMENT ON COLUMN chats.id IS 'ChatId.';
COMMENT ON COLUMN chats.connection_id IS 'Its connection.';
COMMENT ON COLUMN chats.external_id IS 'The channel''s id of the chat.';
COMMENT ON COLUMN chats.client_name IS 'The client''s name as the channel knows it; empty when it does not.';
COMMENT ON COLUMN chats.last_seq IS 'Place of the newest message: the next one gets the next place.';
COMMENT ON COLUMN chats.create_time IS 'When it was first heard of.';

CREATE TABLE conversations (
    account_id       uuid        NOT NULL,
    id               uuid        NOT NULL,
    number           bigint      NOT NULL,
    chat_id          uuid        NOT NULL,
    connection_id    uuid        NOT NULL,
    connector_key    text        NOT NULL,
    thread           text        NOT NULL,
    title            text        NOT NULL,
    life             smallint    NOT NULL CHECK (life BETWEEN 1 AND 2),
    answer           smallint    NOT NULL CHECK (answer BETWEEN 1 AND 2),
    last_seq         bigint      NOT NULL,
    last_message_id  uuid        NOT NULL,
    last_author      smallint    NOT NULL,
    last_author_name text        NOT NULL,
    last_author_user uuid,
    last_text        text        NOT NULL,
    last_time        timestamptz NOT NULL,
    client_read_seq  bigint      NOT NULL DEFAULT 0,
    close_time       timestamptz,
    closed_by        smallint    CHECK (closed_by BETWEEN 1 AND 3),
    closed_user      uuid,
    version          bigint      NOT NULL DEFAULT 1,
    create_time      timestamptz NOT NULL,
    update_time      timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT conversations_number UNIQUE (account_id, number),
    CONSTRAINT conversations_closing CHECK ((life = 2) = (close_time IS NOT NULL) AND (life = 2) = (closed_by IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX conversations_open ON conversations (account_id, chat_id, thread) WHERE life = 1;
CREATE INDEX conversations_of_chat ON conversations (account_id, chat_id, number DESC);
CREATE INDEX conversations_list ON conversations (account_id, life, answer, update_time DESC, id DESC);
CREATE INDEX conversations_of_connection ON conversations (account_id, connection_id, life, update_time DESC, id DESC);
CALL beseda.guard('conversations');
COMMENT ON TABLE conversations IS 'Requests of clients (CNV-06). The newest message stands in the row, so that a list needs no join.';
COMMENT ON COLUMN conversations.account_id IS 'Account.';
COMMENT ON COLUMN conversations.id IS 'ConversationId.';
COMMENT ON COLUMN conversations.number IS 'Account-wide number.';
COMMENT ON COLUMN conversations.chat_id IS 'Its chat.';
COMMENT ON COLUMN conversations.connection_id IS 'Its connection, for filters.';
COMMENT ON COLUMN conversations.connector_key IS 'Its channel.';
COMMENT ON COLUMN conversations.thread IS 'The channel''s id of the thread; empty without threads.';
COMMENT ON COLUMN conversations.title IS 'What to call the row.';
COMMENT ON COLUMN conversations.life IS '1 open, 2 closed.';
COMMENT ON COLUMN conversations.answer IS '1 requires an answer, 2 no answer needed.';
COMMENT ON COLUMN conversations.last_seq IS 'Place of its newest message in the chat.';
COMMENT ON COLUMN conversations.last_message_id IS 'MessageId of the newest message.';
COMMENT ON COLUMN conversations.last_author IS 'Kind of author of the newest message; the numbers of the contract.';
COMMENT ON COLUMN conversations.last_author_name IS 'Name of that author.';
COMMENT ON COLUMN conversations.last_author_user IS 'That employee.';
COMMENT ON COLUMN conversations.last_text IS 'Text of the newest message, cut to 200 characters.';
COMMENT ON COLUMN conversations.last_time IS 'When the newest message was stored.';
COMMENT ON COLUMN conversations.client_read_seq IS 'The client has read up to here.';
COMMENT ON COLUMN conversations.close_time IS 'When it was closed.';
COMMENT ON COLUMN conversations.closed_by IS '1 an employee, 2 the client, 3 a program; the numbers of the contract.';
COMMENT ON COLUMN conversations.closed_user IS 'The employee who closed it.';
COMMENT ON COLUMN conversations.version IS 'Grows with every change; the etag.';
COMMENT ON COLUMN conversations.create_time IS 'When the first message was stored.';
COMMENT ON COLUMN conversations.update_time IS 'When something last happened: the order of the list.';

CREATE TABLE messages (
    account_id        uuid        NOT NULL,
    conversation_id   uuid        NOT NULL,
    seq               bigint      NOT NULL,
    id                uuid        NOT NULL,
    author            smallint    NOT NULL,
    author_name       text        NOT NULL,
    author_user       uuid,
    text              text        NOT NULL,
    unsupported_kind  text        NOT NULL,
    external_event_id text        NOT NULL,
    sent_time         timestamptz,
    status            smallint    NOT NULL,
    failure_text      text        NOT NULL DEFAULT '',
    create_time       timestamptz NOT NULL,
    PRIMARY KEY (account_id, conversation_id, seq)
);
CALL beseda.guard('messages');
COMMENT ON TABLE messages IS 'Messages, in the order they were stored.';
COMMENT ON COLUMN messages.account_id IS 'Account.';
COMMENT ON COLUMN messages.conversation_id IS 'Its conversation.';
COMMENT ON COLUMN messages.seq IS 'Place in the chat.';
COMMENT ON COLUMN messages.id IS 'MessageId.';
COMMENT ON COLUMN messages.author IS '1 client, 2 employee, 3 bot, 4 system; the numbers of the contract.';
COMMENT ON COLUMN messages.author_name IS 'Name to show.';
COMMENT ON COLUMN messages.author_user IS 'The employee.';
COMMENT ON COLUMN messages.text IS 'Text.';
COMMENT ON COLUMN messages.unsupported_kind IS 'The channel''s word for content that cannot be shown; empty otherwise.';
COMMENT ON COLUMN messages.external_event_id IS 'The channel''s id of the event that brought it; empty for employees'' messages.';
COMMENT ON COLUMN messages.sent_time IS 'When the channel says it was written.';
COMMENT ON COLUMN messages.status IS 'How far an outgoing message has come; the numbers of the contract, 0 for incoming.';
COMMENT ON COLUMN messages.failure_text IS 'Why it failed.';
COMMENT ON COLUMN messages.create_time IS 'When it was stored.';

CREATE TABLE inbound_events (
    account_id        uuid        NOT NULL,
    connection_id     uuid        NOT NULL,
    external_event_id text        NOT NULL,
    conversation_id   uuid        NOT NULL,
    number            bigint      NOT NULL,
    message_id        uuid        NOT NULL,
    seq               bigint      NOT NULL,
    create_time       timestamptz NOT NULL,
    PRIMARY KEY (account_id, connection_id, external_event_id)
);
CALL beseda.guard('inbound_events');
COMMENT ON TABLE inbound_events IS 'Which message each event of a channel became: a channel may bring an event many times, it is stored once.';
COMMENT ON COLUMN inbound_events.account_id IS 'Account.';
COMMENT ON COLUMN inbound_events.connection_id IS 'Connection.';
COMMENT ON COLUMN inbound_events.external_event_id IS 'The channel''s id of the event.';
COMMENT ON COLUMN inbound_events.conversation_id IS 'The conversation it went to.';
COMMENT ON COLUMN inbound_events.number IS 'That conversation''s number.';
COMMENT ON COLUMN inbound_events.message_id IS 'The message it became.';
COMMENT ON COLUMN inbound_events.seq IS 'The message''s place in the chat.';
COMMENT ON COLUMN inbound_events.create_time IS 'When it was stored.';

CREATE SEQUENCE lease_tokens;
COMMENT ON SEQUENCE lease_tokens IS 'Fencing tokens: a later lease has a larger one.';

CREATE TABLE deliveries (
    account_id       uuid        NOT NULL,
    id               uuid        NOT NULL,
    connector_key    text        NOT NULL,
    connection_id    uuid        NOT NULL,
    chat_id          uuid        NOT NULL,
    conversation_id  uuid        NOT NULL,
    message_id       uuid        NOT NULL,
    seq              bigint      NOT NULL,
    external_chat_id text        NOT NULL,
    thread           text        NOT NULL,
    text             text        NOT NULL,
    author_name      text        NOT NULL,
    done             boolean     NOT NULL DEFAULT false,
    attempt          integer     NOT NULL DEFAULT 0,
    lease_owner      uuid,
    lease_token      bigint      NOT NULL DEFAULT 0,
    not_before       timestamptz NOT NULL,
    external_message_id text     NOT NULL DEFAULT '',
    create_time      timestamptz NOT NULL,
    PRIMARY KEY (account_id, id)
) WITH (fillfactor = 70);
CREATE INDEX deliveries_due ON deliveries (connector_key, not_before) WHERE NOT done;
CREATE INDEX deliveries_due_of_account ON deliveries (account_id, connector_key, not_before) WHERE NOT done;
CREATE INDEX deliveries_of_chat ON deliveries (account_id, chat_id, seq) WHERE NOT done;
CREATE INDEX deliveries_id ON deliveries (id);
CALL beseda.guard('deliveries');
COMMENT ON TABLE deliveries IS 'Messages on their way to connectors. Within a chat the next one waits until the one before it is done.';
COMMENT ON COLUMN deliveries.account_id IS 'Account.';
COMMENT ON COLUMN deliveries.id IS 'DeliveryId.';
COMMENT ON COLUMN deliveries.connector_key IS 'Which connector takes it.';
COMMENT ON COLUMN deliveries.connection_id IS 'Connection.';
COMMENT ON COLUMN deliveries.chat_id IS 'Chat: the unit of order.';
COMMENT ON COLUMN deliveries.conversation_id IS 'Conversation of the message.';
COMMENT ON COLUMN deliveries.message_id IS 'The message.';
COMMENT ON COLUMN deliveries.seq IS 'Place of the message in the chat.';
COMMENT ON COLUMN deliveries.external_chat_id IS 'The channel''s id of the chat.';
COMMENT ON COLUMN deliveries.thread IS 'The channel''s id of the thread.';
COMMENT ON COLUMN deliveries.text IS 'What to send.';
COMMENT ON COLUMN deliveries.author_name IS 'Name of the employee who wrote.';
COMMENT ON COLUMN deliveries.done IS 'The channel took it, or it failed for good.';
COMMENT ON COLUMN deliveries.attempt IS 'How often it was handed out.';
COMMENT ON COLUMN deliveries.lease_owner IS 'The stream that has it.';
COMMENT ON COLUMN deliveries.lease_token IS 'Fencing token of the lease; a report with another one is refused.';
COMMENT ON COLUMN deliveries.not_before IS 'May be handed out from then on: the end of the lease, or of a pause before the next try.';
COMMENT ON COLUMN deliveries.external_message_id IS 'The channel''s id of the sent message.';
COMMENT ON COLUMN deliveries.create_time IS 'When it was queued.';

CREATE TABLE idempotency_keys (
    account_id   uuid        NOT NULL,
    caller       uuid        NOT NULL,
    method       text        NOT NULL,
    request_id   uuid        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea,
    create_time  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, caller, method, request_id)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (create_time);
CALL beseda.guard('idempotency_keys');
COMMENT ON TABLE idempotency_keys IS 'Answers of creates and sends, so that a repeated call gives the same one; kept for 24 hours.';
COMMENT ON COLUMN idempotency_keys.account_id IS 'Account of the caller.';
COMMENT ON COLUMN idempotency_keys.caller IS 'User or API key that called.';
COMMENT ON COLUMN idempotency_keys.method IS 'Name of the RPC.';
COMMENT ON COLUMN idempotency_keys.request_id IS 'The caller''s request id.';
COMMENT ON COLUMN idempotency_keys.request_hash IS 'SHA-256 of the request without its id: another request under the same id is refused.';
COMMENT ON COLUMN idempotency_keys.response IS 'The encoded answer; written in the transaction of the change.';
COMMENT ON COLUMN idempotency_keys.create_time IS 'When it was first called; rows older than a day are deleted.';

CREATE TABLE outbox_shards (
    shard         smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    last_position bigint   NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO outbox_shards (shard) SELECT generate_series(0, 63);
COMMENT ON TABLE outbox_shards IS 'The newest position of each shard. The row is locked as the last act of a transaction, so commit order is position order and positions have no holes.';
COMMENT ON COLUMN outbox_shards.shard IS 'By account.';
COMMENT ON COLUMN outbox_shards.last_position IS 'Position of the newest event.';

CREATE TABLE outbox (
    shard        smallint    NOT NULL,
    position     bigint      NOT NULL,
    account_id   uuid        NOT NULL,
    aggregate_id uuid        NOT NULL,
    kind         text        NOT NULL,
    payload      bytea       NOT NULL,
    trace_parent text        NOT NULL,
    create_time  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, position, create_time)
) PARTITION BY RANGE (create_time);
CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT;
CALL beseda.guard('outbox');
COMMENT ON TABLE outbox IS 'What happened, for other services and live streams. Rows are never updated; whole days are dropped by age.';
COMMENT ON COLUMN outbox.shard IS 'By account, 0 to 63.';
COMMENT ON COLUMN outbox.position IS 'Place in the shard, without holes.';
COMMENT ON COLUMN outbox.account_id IS 'Account it happened in.';
COMMENT ON COLUMN outbox.aggregate_id IS 'What it happened to.';
COMMENT ON COLUMN outbox.kind IS 'Kind of event.';
COMMENT ON COLUMN outbox.payload IS 'A protobuf message of the service''s internal package.';
COMMENT ON COLUMN outbox.trace_parent IS 'W3C trace context of the change; empty without one.';
COMMENT ON COLUMN outbox.create_time IS 'When it was stored; chooses the partition.';
COMMENT ON TABLE outbox_rest IS 'The net: rows of days for which no partition was made in time.';

-- Makes the partitions of today and the next two days, drops those older than `keep_days`. Runs as the owner, since the
-- service's role may not change tables.
CREATE FUNCTION outbox_rotate(keep_days integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    day date;
    old record;
BEGIN
    FOR day IN SELECT current_date + n FROM generate_series(0, 2) AS n LOOP
        BEGIN
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF outbox FOR VALUES FROM (%L) TO (%L)',
                           'outbox_' || to_char(day, 'YYYYMMDD'), day, day + 1);
        EXCEPTION WHEN check_violation THEN
            -- The net already holds rows of that day: they stay there until they are old.
            NULL;
        END;
    END LOOP;
    FOR old IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'outbox'::regclass AND c.relname ~ '^outbox_[0-9]{8}$'
           AND to_date(right(c.relname, 8), 'YYYYMMDD') < current_date - keep_days
    LOOP
        EXECUTE format('DROP TABLE %I', old.relname);
    END LOOP;
    DELETE FROM outbox_rest WHERE create_time < current_date - keep_days;
END $$;

CREATE TABLE consumer_positions (
    source   text     NOT NULL,
    shard    smallint NOT NULL,
    position bigint   NOT NULL,
    PRIMARY KEY (source, shard)
) WITH (fillfactor = 50);
COMMENT ON TABLE consumer_positions IS 'How far this service has taken in others'' events. Moved in the transaction of the effect, so each event takes effect once.';
COMMENT ON COLUMN consumer_positions.source IS 'The service whose events they are.';
COMMENT ON COLUMN consumer_positions.shard IS 'Shard of the source.';
COMMENT ON COLUMN consumer_positions.position IS 'The newest event that has taken effect or was parked.';

CREATE TABLE parked_events (
    source       text        NOT NULL,
    shard        smallint    NOT NULL,
    position     bigint      NOT NULL,
    account_id   uuid        NOT NULL,
    aggregate_id uuid        NOT NULL,
    kind         text        NOT NULL,
    payload      bytea       NOT NULL,
    reason       text        NOT NULL,
    rerun        boolean     NOT NULL DEFAULT false,
    park_time    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, source, shard, position)
);
CREATE INDEX parked_events_aggregate ON parked_events (account_id, aggregate_id);
CREATE INDEX parked_events_rerun ON parked_events (source, shard, position) WHERE rerun;
CALL beseda.guard('parked_events');
COMMENT ON TABLE parked_events IS 'Events that could not take effect, and later ones of the same aggregate, which wait for them. Set rerun to try again.';
COMMENT ON COLUMN parked_events.source IS 'The service whose events they are.';
COMMENT ON COLUMN parked_events.shard IS 'Shard of the source.';
COMMENT ON COLUMN parked_events.position IS 'Place in the shard.';
COMMENT ON COLUMN parked_events.account_id IS 'Account of the event.';
COMMENT ON COLUMN parked_events.aggregate_id IS 'What it happened to.';
COMMENT ON COLUMN parked_events.kind IS 'Kind of event.';
COMMENT ON COLUMN parked_events.payload IS 'The event itself.';
COMMENT ON COLUMN parked_events.reason IS 'Why it could not take effect, or that it waits for an earlier one.';
COMMENT ON COLUMN parked_events.rerun IS 'An operator asks for another try.';
COMMENT ON COLUMN parked_events.park_time IS 'When it was parked.';
