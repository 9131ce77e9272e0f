-- What connectors have to know of connections, how connections are, and which deliveries may be in the channel already.

ALTER TABLE connectors ADD COLUMN settings_schema text NOT NULL DEFAULT '';
COMMENT ON COLUMN connectors.settings_schema IS 'JSON Schema of a connection''s settings; empty when it has none.';

ALTER TABLE connections
    ADD COLUMN settings     jsonb       NOT NULL DEFAULT '{}',
    ADD COLUMN secrets      bytea       NOT NULL DEFAULT '',
    ADD COLUMN secret_names text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN health       smallint    NOT NULL DEFAULT 0 CHECK (health BETWEEN 0 AND 3),
    ADD COLUMN health_text  text        NOT NULL DEFAULT '',
    ADD COLUMN health_time  timestamptz;
COMMENT ON COLUMN connections.settings IS 'What the connector has to know, without secrets; its schema is the connector''s.';
COMMENT ON COLUMN connections.secrets IS 'The secrets of the settings as a JSON object, sealed with the master key for this connection; empty without any.';
COMMENT ON COLUMN connections.secret_names IS 'Names of the secrets that are set, for people.';
COMMENT ON COLUMN connections.health IS 'What the connector last said: 0 nothing, 1 working, 2 disturbed, 3 broken; the numbers of the contract.';
COMMENT ON COLUMN connections.health_text IS 'What is wrong and what to do.';
COMMENT ON COLUMN connections.health_time IS 'Since when the state is this one.';

ALTER TABLE deliveries ADD COLUMN sending boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN deliveries.sending IS 'The connector said that it hands it to the channel, and nothing after that: the channel may have it.';
