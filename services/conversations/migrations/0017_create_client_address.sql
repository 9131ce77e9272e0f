-- Chats that employees create.

ALTER TABLE connectors ADD COLUMN client_address smallint NOT NULL DEFAULT 0 CHECK (client_address BETWEEN 0 AND 2);
COMMENT ON COLUMN connectors.client_address IS 'By what a client is addressed who has not written yet: 0 nothing, 1 phone, 2 messenger id; the numbers of the contract.';

ALTER TABLE connections ADD COLUMN in_subscription boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN connections.in_subscription IS 'Is it part of the account''s subscription? The operator says it; without it no chats are created (CHW-37).';
