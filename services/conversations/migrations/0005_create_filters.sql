-- What the list is filtered by: facts of cards beside the conversation, favourites, saved filters, who worked in a conversation.

ALTER TABLE cards ADD COLUMN pipeline_id uuid, ADD COLUMN tags uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN cards.pipeline_id IS 'Pipeline of a deal.';
COMMENT ON COLUMN cards.tags IS 'Its tags; one that was deleted since may still be named.';

ALTER TABLE conversations
    ADD COLUMN card_owner uuid,
    ADD COLUMN stage_id uuid,
    ADD COLUMN responsible uuid GENERATED ALWAYS AS (coalesce(card_owner, contact_owner)) STORED;
COMMENT ON COLUMN conversations.card_owner IS 'Who is responsible for the deal or customer.';
COMMENT ON COLUMN conversations.stage_id IS 'Stage of the deal, so that the list of a stage is a range of an index.';
COMMENT ON COLUMN conversations.responsible IS 'Who is responsible: for the deal or customer, else for the contact.';
-- The owner of a table is held to its policies as well.
SELECT set_config('beseda.system', 'on', true);
UPDATE conversations c SET card_owner = k.responsible, stage_id = k.stage_id
  FROM cards k
 WHERE k.account_id = c.account_id AND k.id = c.card_id AND NOT k.deleted;
SELECT set_config('beseda.system', '', true);
CREATE INDEX conversations_of_responsible ON conversations (account_id, responsible, life, update_time DESC, id DESC)
    WHERE responsible IS NOT NULL;
CREATE INDEX conversations_of_stage ON conversations (account_id, stage_id, life, update_time DESC, id DESC)
    WHERE stage_id IS NOT NULL;

CREATE TABLE favourites (
    account_id      uuid        NOT NULL,
    owner_id        uuid        NOT NULL,
    conversation_id uuid        NOT NULL,
    create_time     timestamptz NOT NULL,
    PRIMARY KEY (account_id, owner_id, conversation_id)
);
CALL beseda.guard('favourites');
COMMENT ON TABLE favourites IS 'The conversations that somebody has added to «Избранные» (CNV-23).';
COMMENT ON COLUMN favourites.account_id IS 'Account.';
COMMENT ON COLUMN favourites.owner_id IS 'Whose: UserId, or ApiKeyId of a program.';
COMMENT ON COLUMN favourites.conversation_id IS 'The conversation.';
COMMENT ON COLUMN favourites.create_time IS 'When it was added.';

CREATE TABLE participants (
    account_id      uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    PRIMARY KEY (account_id, conversation_id, user_id)
);
CALL beseda.guard('participants');
COMMENT ON TABLE participants IS 'The employees who wrote in a conversation or closed it (CNV-04).';
COMMENT ON COLUMN participants.account_id IS 'Account.';
COMMENT ON COLUMN participants.conversation_id IS 'The conversation.';
COMMENT ON COLUMN participants.user_id IS 'The employee.';
SELECT set_config('beseda.system', 'on', true);
INSERT INTO participants (account_id, conversation_id, user_id)
SELECT account_id, conversation_id, author_user FROM messages WHERE author_user IS NOT NULL
 UNION
SELECT account_id, id, closed_user FROM conversations WHERE closed_user IS NOT NULL;
SELECT set_config('beseda.system', '', true);

CREATE TABLE filters (
    account_id  uuid        NOT NULL,
    owner_id    uuid        NOT NULL,
    id          uuid        NOT NULL,
    name        text        NOT NULL,
    filter      bytea       NOT NULL,
    version     bigint      NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, owner_id, id)
);
CALL beseda.guard('filters');
COMMENT ON TABLE filters IS 'Saved filters of the list (CNV-28, CNV-30), each of one user.';
COMMENT ON COLUMN filters.account_id IS 'Account.';
COMMENT ON COLUMN filters.owner_id IS 'Whose: UserId, or ApiKeyId of a program.';
COMMENT ON COLUMN filters.id IS 'FilterId.';
COMMENT ON COLUMN filters.name IS 'Its name (CNV-31).';
COMMENT ON COLUMN filters.filter IS 'The tree: beseda.conversations.v1.FilterNode, as it was checked when it was saved.';
COMMENT ON COLUMN filters.version IS 'Grows with every change; the etag.';
COMMENT ON COLUMN filters.create_time IS 'When it was saved first.';

CREATE TABLE crm_names (
    account_id uuid     NOT NULL,
    id         uuid     NOT NULL,
    kind       smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    parent_id  uuid,
    name       text     NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX crm_names_parent ON crm_names (account_id, parent_id) WHERE parent_id IS NOT NULL;
CALL beseda.guard('crm_names');
COMMENT ON TABLE crm_names IS 'What there is in crm for filters to name. What is deleted there has no row here.';
COMMENT ON COLUMN crm_names.account_id IS 'Account.';
COMMENT ON COLUMN crm_names.id IS 'PipelineId, StageId or TagId.';
COMMENT ON COLUMN crm_names.kind IS '1 pipeline, 2 stage, 3 tag.';
COMMENT ON COLUMN crm_names.parent_id IS 'Pipeline of a stage.';
COMMENT ON COLUMN crm_names.name IS 'Its name.';

-- Pipelines were passed over until now: what crm still keeps of its events is taken in once more. Cards of a version that is known
-- change nothing.
DELETE FROM consumer_positions WHERE source = 'crm';
