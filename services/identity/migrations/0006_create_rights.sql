-- The rights matrix: what is set for roles, groups and users, and the state of an account that other services keep.

CREATE TABLE account_rights (
    account_id                         uuid    NOT NULL REFERENCES accounts,
    epoch                              bigint  NOT NULL DEFAULT 0,
    subscription_beats_forbidden_stage boolean NOT NULL DEFAULT false,
    options_version                    bigint  NOT NULL DEFAULT 0,
    CONSTRAINT account_rights_pkey PRIMARY KEY (account_id)
);
CALL beseda.guard('account_rights');
COMMENT ON TABLE account_rights IS 'One row for each account whose members or rights changed since this table exists; none means epoch 0 and the default settings. The row is locked from a change to its commit, so the states that other services get have one order.';
COMMENT ON COLUMN account_rights.account_id IS 'Whose.';
COMMENT ON COLUMN account_rights.epoch IS 'Grows by one with every change of users, groups, roles or rights: the order of rights.changed events.';
COMMENT ON COLUMN account_rights.subscription_beats_forbidden_stage IS 'Does a subscription to a deal''s card open it on a stage where View is forbidden? (A-03)';
COMMENT ON COLUMN account_rights.options_version IS 'Grows with every change of the settings: their etag.';

-- A subject with nothing set keeps its row, so that its etag never comes back.
CREATE TABLE rights (
    account_id uuid     NOT NULL REFERENCES accounts,
    rights_id  uuid     NOT NULL,
    role       smallint,
    group_id   uuid,
    user_id    uuid,
    mail       boolean,
    lists      boolean,
    version    bigint   NOT NULL,
    CONSTRAINT rights_pkey PRIMARY KEY (account_id, rights_id),
    CONSTRAINT rights_one_subject CHECK (num_nonnulls(role, group_id, user_id) = 1),
    CONSTRAINT rights_subject UNIQUE NULLS NOT DISTINCT (account_id, role, group_id, user_id),
    CONSTRAINT rights_group FOREIGN KEY (account_id, group_id) REFERENCES groups ON DELETE CASCADE,
    CONSTRAINT rights_user FOREIGN KEY (account_id, user_id) REFERENCES users ON DELETE CASCADE
);
CREATE INDEX rights_by_group ON rights (account_id, group_id) WHERE group_id IS NOT NULL;
CREATE INDEX rights_by_user ON rights (account_id, user_id) WHERE user_id IS NOT NULL;
CALL beseda.guard('rights');
COMMENT ON TABLE rights IS 'For whom something is set. What is set for a group goes with it; what is set for an employee stays when they are switched off, and does nothing until they are on again.';
COMMENT ON COLUMN rights.account_id IS 'Whose.';
COMMENT ON COLUMN rights.rights_id IS 'What the tables of rules refer to.';
COMMENT ON COLUMN rights.role IS 'The subject is a role: 2 manager.';
COMMENT ON COLUMN rights.group_id IS 'The subject is a group.';
COMMENT ON COLUMN rights.user_id IS 'The subject is an employee.';
COMMENT ON COLUMN rights.mail IS 'Access to corporate mail; null is not set.';
COMMENT ON COLUMN rights.lists IS 'Access to custom lists; null is not set.';
COMMENT ON COLUMN rights.version IS 'Grows with every change: the etag.';

CREATE TABLE rights_cells (
    account_id  uuid     NOT NULL,
    rights_id   uuid     NOT NULL,
    entity      smallint NOT NULL,
    action      smallint NOT NULL,
    right_level smallint NOT NULL,
    CONSTRAINT rights_cells_pkey PRIMARY KEY (account_id, rights_id, entity, action),
    FOREIGN KEY (account_id, rights_id) REFERENCES rights ON DELETE CASCADE
);
CALL beseda.guard('rights_cells');
COMMENT ON TABLE rights_cells IS 'Cells of the matrix that are set.';
COMMENT ON COLUMN rights_cells.account_id IS 'Whose.';
COMMENT ON COLUMN rights_cells.rights_id IS 'For whom.';
COMMENT ON COLUMN rights_cells.entity IS '1 deals and customers, 2 contacts, 3 companies, 4 tasks, 5 unsorted.';
COMMENT ON COLUMN rights_cells.action IS '1 create, 2 view, 3 edit, 4 delete, 5 export.';
COMMENT ON COLUMN rights_cells.right_level IS '1 forbidden, 2 own, 3 group, 4 allowed.';

-- Stages belong to another service: there is no key to them, and one that is gone is never asked for.
CREATE TABLE rights_stages (
    account_id  uuid     NOT NULL,
    rights_id   uuid     NOT NULL,
    stage_id    uuid     NOT NULL,
    action      smallint NOT NULL,
    stage_right smallint NOT NULL,
    CONSTRAINT rights_stages_pkey PRIMARY KEY (account_id, rights_id, stage_id, action),
    FOREIGN KEY (account_id, rights_id) REFERENCES rights ON DELETE CASCADE
);
CALL beseda.guard('rights_stages');
COMMENT ON TABLE rights_stages IS 'Special rights on pipeline stages.';
COMMENT ON COLUMN rights_stages.account_id IS 'Whose.';
COMMENT ON COLUMN rights_stages.rights_id IS 'For whom.';
COMMENT ON COLUMN rights_stages.stage_id IS 'The stage.';
COMMENT ON COLUMN rights_stages.action IS '1 create, 2 view, 3 edit, 4 delete, 5 export.';
COMMENT ON COLUMN rights_stages.stage_right IS '1 allowed, 2 forbidden.';

CREATE TABLE rights_fields (
    account_id  uuid     NOT NULL,
    rights_id   uuid     NOT NULL,
    entity      smallint NOT NULL,
    field       text     NOT NULL,
    field_right smallint NOT NULL,
    CONSTRAINT rights_fields_pkey PRIMARY KEY (account_id, rights_id, entity, field),
    FOREIGN KEY (account_id, rights_id) REFERENCES rights ON DELETE CASCADE
);
CALL beseda.guard('rights_fields');
COMMENT ON TABLE rights_fields IS 'Rights on fields of cards.';
COMMENT ON COLUMN rights_fields.account_id IS 'Whose.';
COMMENT ON COLUMN rights_fields.rights_id IS 'For whom.';
COMMENT ON COLUMN rights_fields.entity IS '1 deals and customers, 2 contacts, 3 companies.';
COMMENT ON COLUMN rights_fields.field IS 'Name of a standard field, or the id of a custom one ("fld_…").';
COMMENT ON COLUMN rights_fields.field_right IS '1 hidden, 2 read only, 3 allowed.';
