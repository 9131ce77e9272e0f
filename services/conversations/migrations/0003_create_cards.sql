-- What decides who sees a conversation: identity's rights, and crm's cards.
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

CREATE TABLE cards (
    account_id  uuid     NOT NULL,
    id          uuid     NOT NULL,
    kind        smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
    name        text     NOT NULL,
    responsible uuid,
    stage_id    uuid,
    followers   uuid[]   NOT NULL,
    deleted     boolean  NOT NULL,
    version     bigint   NOT NULL,
    PRIMARY KEY (account_id, id)
) WITH (fillfactor = 80);
CALL beseda.guard('cards');
COMMENT ON TABLE cards IS 'This service''s copy of crm''s cards, as far as it decides who sees a conversation and what the row is called.';
COMMENT ON COLUMN cards.account_id IS 'Account.';
COMMENT ON COLUMN cards.id IS 'ContactId, CompanyId, DealId or CustomerId.';
COMMENT ON COLUMN cards.kind IS '1 contact, 2 company, 3 deal, 4 customer; the numbers of crm''s events.';
COMMENT ON COLUMN cards.name IS 'Its name.';
COMMENT ON COLUMN cards.responsible IS 'The employee who is responsible.';
COMMENT ON COLUMN cards.stage_id IS 'Stage of a deal.';
COMMENT ON COLUMN cards.followers IS 'Employees who are subscribed.';
COMMENT ON COLUMN cards.deleted IS 'It is gone: conversations are shown as if they had none.';
COMMENT ON COLUMN cards.version IS 'crm''s version of the card; an older one changes nothing.';

ALTER TABLE chats ADD COLUMN contact_id uuid;
COMMENT ON COLUMN chats.contact_id IS 'The client''s contact card; null while it is not known.';

ALTER TABLE conversations ADD COLUMN contact_id uuid, ADD COLUMN contact_owner uuid, ADD COLUMN card_id uuid;
COMMENT ON COLUMN conversations.contact_id IS 'Contact card of its chat.';
COMMENT ON COLUMN conversations.contact_owner IS 'Who is responsible for the contact, so that a list under restricted rights is a range of an index.';
COMMENT ON COLUMN conversations.card_id IS 'The deal or customer it is conducted in (A-05).';
CREATE INDEX conversations_of_contact ON conversations (account_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX conversations_of_card ON conversations (account_id, card_id) WHERE card_id IS NOT NULL;
CREATE INDEX conversations_of_owner ON conversations (account_id, contact_owner, life, answer, update_time DESC, id DESC)
    WHERE contact_owner IS NOT NULL;
