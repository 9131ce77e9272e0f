-- What identity says of an account's employees and rights. Copied into the migrations of each service that decides by rights.
CREATE TABLE account_rights (
    account_id uuid   PRIMARY KEY,
    epoch      bigint NOT NULL,
    snapshot   bytea  NOT NULL
);
CALL beseda.guard('account_rights');
COMMENT ON TABLE account_rights IS 'This service''s copy of who works in an account and who may do what.';
COMMENT ON COLUMN account_rights.account_id IS 'The account.';
COMMENT ON COLUMN account_rights.epoch IS 'Grows with every change of members or rights; an older snapshot changes nothing.';
COMMENT ON COLUMN account_rights.snapshot IS 'Members and rules, as identity''s event carried them.';
