-- Cards: contacts, companies, deals and customers in one table, since they share nearly everything: a name, who is responsible,
-- who may see them, a history. account_id leads every key. Who changes a card locks its row first, several in order of their
-- ids, then, last, the outbox shard.

CREATE TABLE pipelines (
    account_id  uuid        NOT NULL,
    pipeline_id uuid        NOT NULL,
    name        text        NOT NULL,
    position    integer     NOT NULL,
    version     bigint      NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, pipeline_id)
);
CALL beseda.guard('pipelines');
COMMENT ON TABLE pipelines IS 'Pipelines of deals.';
COMMENT ON COLUMN pipelines.account_id IS 'Account.';
COMMENT ON COLUMN pipelines.pipeline_id IS 'PipelineId.';
COMMENT ON COLUMN pipelines.name IS 'Name.';
COMMENT ON COLUMN pipelines.position IS 'Place among the pipelines, from 0.';
COMMENT ON COLUMN pipelines.version IS 'Grows with every change of the pipeline or its stages: the etag.';
COMMENT ON COLUMN pipelines.create_time IS 'When it was made.';

CREATE TABLE stages (
    account_id  uuid     NOT NULL,
    stage_id    uuid     NOT NULL,
    pipeline_id uuid     NOT NULL,
    name        text     NOT NULL,
    kind        smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
    position    integer  NOT NULL,
    PRIMARY KEY (account_id, stage_id),
    FOREIGN KEY (account_id, pipeline_id) REFERENCES pipelines ON DELETE CASCADE
);
CREATE INDEX stages_of_pipeline ON stages (account_id, pipeline_id, position);
CALL beseda.guard('stages');
COMMENT ON TABLE stages IS 'Stages of pipelines. Who puts a deal on a stage locks its row, so that it cannot be deleted meanwhile.';
COMMENT ON COLUMN stages.account_id IS 'Account.';
COMMENT ON COLUMN stages.stage_id IS 'StageId.';
COMMENT ON COLUMN stages.pipeline_id IS 'Whose.';
COMMENT ON COLUMN stages.name IS 'Name.';
COMMENT ON COLUMN stages.kind IS '1 incoming, 2 working, 3 won, 4 lost.';
COMMENT ON COLUMN stages.position IS 'Place in the pipeline, from 0.';

CREATE TABLE cards (
    account_id          uuid        NOT NULL,
    card_id             uuid        NOT NULL,
    kind                smallint    NOT NULL CHECK (kind BETWEEN 1 AND 4),
    name                text        NOT NULL,
    responsible_user_id uuid        NOT NULL,
    company_id          uuid,
    pipeline_id         uuid,
    stage_id            uuid,
    close_time          timestamptz,
    price_minor         bigint CHECK (price_minor >= 0),
    currency            text,
    purchase_time       timestamptz,
    version             bigint      NOT NULL,
    create_time         timestamptz NOT NULL,
    update_time         timestamptz NOT NULL,
    delete_time         timestamptz,
    PRIMARY KEY (account_id, card_id),
    CONSTRAINT cards_stage_of_deals CHECK ((kind = 3) = (stage_id IS NOT NULL) AND (stage_id IS NULL) = (pipeline_id IS NULL)),
    CONSTRAINT cards_price CHECK ((price_minor IS NULL) = (currency IS NULL))
);
CREATE INDEX cards_by_change ON cards (account_id, kind, update_time, card_id) WHERE delete_time IS NULL;
CREATE INDEX cards_by_responsible ON cards (account_id, kind, responsible_user_id, update_time, card_id) WHERE delete_time IS NULL;
CREATE INDEX cards_by_stage ON cards (account_id, kind, stage_id, update_time, card_id) WHERE delete_time IS NULL AND stage_id IS NOT NULL;
CREATE INDEX cards_by_stage_and_responsible ON cards (account_id, kind, stage_id, responsible_user_id, update_time, card_id)
    WHERE delete_time IS NULL AND stage_id IS NOT NULL;
CREATE INDEX cards_by_company ON cards (account_id, company_id, kind, update_time, card_id) WHERE delete_time IS NULL AND company_id IS NOT NULL;
CALL beseda.guard('cards');
COMMENT ON TABLE cards IS 'Contacts, companies, deals and customers.';
COMMENT ON COLUMN cards.account_id IS 'Account.';
COMMENT ON COLUMN cards.card_id IS 'ContactId, CompanyId, DealId or CustomerId.';
COMMENT ON COLUMN cards.kind IS '1 contact, 2 company, 3 deal, 4 customer.';
COMMENT ON COLUMN cards.name IS 'Name.';
COMMENT ON COLUMN cards.responsible_user_id IS 'The employee who is responsible.';
COMMENT ON COLUMN cards.company_id IS 'The company it belongs to; null for none, and for companies.';
COMMENT ON COLUMN cards.pipeline_id IS 'Of a deal: its pipeline.';
COMMENT ON COLUMN cards.stage_id IS 'Of a deal: its stage. A deleted deal may name one that is gone.';
COMMENT ON COLUMN cards.close_time IS 'Of a deal: when it reached a final stage; null while it is open.';
COMMENT ON COLUMN cards.price_minor IS 'Of a deal or customer: the amount, in the smallest unit of the currency.';
COMMENT ON COLUMN cards.currency IS 'ISO 4217.';
COMMENT ON COLUMN cards.purchase_time IS 'Of a customer: when they are expected to buy next.';
COMMENT ON COLUMN cards.version IS 'Grows with every change: the etag, and the order of events.';
COMMENT ON COLUMN cards.create_time IS 'When it was made.';
COMMENT ON COLUMN cards.update_time IS 'When it was last changed: lists are in this order.';
COMMENT ON COLUMN cards.delete_time IS 'When it was deleted; the row stays for its history.';

CREATE TABLE contact_points (
    account_id    uuid     NOT NULL,
    card_id       uuid     NOT NULL,
    kind          smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
    position      integer  NOT NULL,
    value         text     NOT NULL,
    label         text     NOT NULL,
    connector_key text     NOT NULL,
    lookup        text,
    PRIMARY KEY (account_id, card_id, kind, position),
    FOREIGN KEY (account_id, card_id) REFERENCES cards
);
CREATE INDEX contact_points_lookup ON contact_points (account_id, kind, lookup, card_id) WHERE lookup IS NOT NULL;
CALL beseda.guard('contact_points');
COMMENT ON TABLE contact_points IS 'How to reach contacts and companies: telephone numbers, e-mails, addresses, messengers.';
COMMENT ON COLUMN contact_points.account_id IS 'Account.';
COMMENT ON COLUMN contact_points.card_id IS 'Whose.';
COMMENT ON COLUMN contact_points.kind IS '1 telephone number, 2 e-mail, 3 address, 4 messenger.';
COMMENT ON COLUMN contact_points.position IS 'Place among those of its kind, from 0.';
COMMENT ON COLUMN contact_points.value IS 'The number (E.164), e-mail, address, or the channel''s id of the person.';
COMMENT ON COLUMN contact_points.label IS 'What it is for; of a messenger the person''s name there.';
COMMENT ON COLUMN contact_points.connector_key IS 'Of a messenger: key of its connector; else empty.';
COMMENT ON COLUMN contact_points.lookup IS 'By what cards are found: the number, the e-mail in lower case, key and id of a messenger on two lines; null for addresses.';

CREATE TABLE card_contacts (
    account_id uuid    NOT NULL,
    card_id    uuid    NOT NULL,
    contact_id uuid    NOT NULL,
    position   integer NOT NULL,
    PRIMARY KEY (account_id, card_id, contact_id),
    FOREIGN KEY (account_id, card_id) REFERENCES cards,
    FOREIGN KEY (account_id, contact_id) REFERENCES cards
);
CREATE INDEX card_contacts_of_contact ON card_contacts (account_id, contact_id, card_id);
CALL beseda.guard('card_contacts');
COMMENT ON TABLE card_contacts IS 'Contacts of deals and customers.';
COMMENT ON COLUMN card_contacts.account_id IS 'Account.';
COMMENT ON COLUMN card_contacts.card_id IS 'The deal or customer.';
COMMENT ON COLUMN card_contacts.contact_id IS 'The contact.';
COMMENT ON COLUMN card_contacts.position IS '0 for the main contact, further ones from 1.';

CREATE TABLE followers (
    account_id uuid NOT NULL,
    card_id    uuid NOT NULL,
    user_id    uuid NOT NULL,
    PRIMARY KEY (account_id, card_id, user_id),
    FOREIGN KEY (account_id, card_id) REFERENCES cards
);
CREATE INDEX followers_of_user ON followers (account_id, user_id, card_id);
CALL beseda.guard('followers');
COMMENT ON TABLE followers IS 'Employees who are subscribed to a card.';
COMMENT ON COLUMN followers.account_id IS 'Account.';
COMMENT ON COLUMN followers.card_id IS 'The card.';
COMMENT ON COLUMN followers.user_id IS 'The employee.';

CREATE TABLE timeline (
    account_id  uuid        NOT NULL,
    card_id     uuid        NOT NULL,
    entry_id    uuid        NOT NULL,
    kind        smallint    NOT NULL,
    author_id   text        NOT NULL,
    author_name text        NOT NULL,
    field       text        NOT NULL,
    before      jsonb,
    after       jsonb,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, card_id, entry_id),
    FOREIGN KEY (account_id, card_id) REFERENCES cards
);
CALL beseda.guard('timeline');
COMMENT ON TABLE timeline IS 'What happened to cards, written in the transaction of the change.';
COMMENT ON COLUMN timeline.account_id IS 'Account.';
COMMENT ON COLUMN timeline.card_id IS 'The card.';
COMMENT ON COLUMN timeline.entry_id IS 'TimelineEntryId; later ones are greater.';
COMMENT ON COLUMN timeline.kind IS '1 created, 2 field changed, 3 stage changed, 4 responsible changed, 5 follower added, 6 follower removed, 7 deleted.';
COMMENT ON COLUMN timeline.author_id IS '"user_…" or "key_…".';
COMMENT ON COLUMN timeline.author_name IS 'The employee''s name then; empty for a program.';
COMMENT ON COLUMN timeline.field IS 'Which field changed; empty where none did.';
COMMENT ON COLUMN timeline.before IS 'What it was.';
COMMENT ON COLUMN timeline.after IS 'What it became.';
COMMENT ON COLUMN timeline.create_time IS 'When.';
