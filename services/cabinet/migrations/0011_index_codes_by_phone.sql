-- An erasure forgets the codes that were sent to the client's number.
CREATE INDEX codes_by_phone ON codes (account_id, phone);
