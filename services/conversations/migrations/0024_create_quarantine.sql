-- What connectors brought and the hub refused for good, until an administrator lets it in again or throws it away.
CREATE TABLE quarantined_events (
    account_id       uuid        NOT NULL,
    id               uuid        NOT NULL,
    connection_id    uuid        NOT NULL,
    connector_key    text        NOT NULL,
    external_chat_id text        NOT NULL,
    event_key        text        NOT NULL,
    event            bytea       NOT NULL,
    reason           text        NOT NULL,
    details          text        NOT NULL,
    refusals         integer     NOT NULL DEFAULT 1,
    create_time      timestamptz NOT NULL,
    refuse_time      timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT quarantined_events_key UNIQUE (account_id, connection_id, event_key)
);
CREATE INDEX quarantined_events_chat ON quarantined_events (account_id, connector_key, external_chat_id, connection_id, id);
CREATE INDEX quarantined_events_age ON quarantined_events (create_time);
CALL beseda.guard('quarantined_events');
COMMENT ON TABLE quarantined_events IS 'Events of channels that were refused for good, as they came; at most 10,000 of an account, for 90 days.';
COMMENT ON COLUMN quarantined_events.account_id IS 'Account.';
COMMENT ON COLUMN quarantined_events.id IS 'QuarantinedEventId: later events have later ones, so it is the order of arrival.';
COMMENT ON COLUMN quarantined_events.connection_id IS 'Its connection.';
COMMENT ON COLUMN quarantined_events.connector_key IS 'That connection''s connector.';
COMMENT ON COLUMN quarantined_events.external_chat_id IS 'The channel''s id of the chat, as far as it is one: events of a chat are let in in their order.';
COMMENT ON COLUMN quarantined_events.event_key IS 'The channel''s id of the event; where it is none, a hash of the event. What comes again is kept once.';
COMMENT ON COLUMN quarantined_events.event IS 'The event: beseda.connector.v1.ChannelEvent.';
COMMENT ON COLUMN quarantined_events.reason IS 'Why it was refused the last time: a name of ErrorReason without prefix.';
COMMENT ON COLUMN quarantined_events.details IS 'Which fields did not fit.';
COMMENT ON COLUMN quarantined_events.refusals IS 'How often it was refused.';
COMMENT ON COLUMN quarantined_events.create_time IS 'When it first came.';
COMMENT ON COLUMN quarantined_events.refuse_time IS 'When it was last refused.';
