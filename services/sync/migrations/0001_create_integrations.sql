-- Settings of integrations, as rules read them. account_id leads every key.
CREATE TABLE integrations (
    account_id         uuid        NOT NULL,
    integration_id     uuid        NOT NULL,
    position           integer     NOT NULL,
    enabled            boolean     NOT NULL,
    language           text        NOT NULL,
    settings           jsonb       NOT NULL,
    daily_sync         boolean     NOT NULL,
    employee_sync_time timestamptz,
    employee_try_time  timestamptz NOT NULL DEFAULT '-infinity',
    version            bigint      NOT NULL,
    create_time        timestamptz NOT NULL,
    update_time        timestamptz NOT NULL,
    PRIMARY KEY (account_id, integration_id)
);
CREATE INDEX integrations_daily ON integrations (employee_try_time) WHERE daily_sync;
CALL beseda.guard('integrations');
COMMENT ON TABLE integrations IS 'The rules by which requests become contacts, deals, unsorted records and tasks.';
COMMENT ON COLUMN integrations.account_id IS 'Account.';
COMMENT ON COLUMN integrations.integration_id IS 'IntegrationId; of equal positions the older, which is smaller, goes first.';
COMMENT ON COLUMN integrations.position IS 'Place in the order in which they are asked (A-39).';
COMMENT ON COLUMN integrations.enabled IS 'Is it switched on (SYN-04)? The same as in the settings.';
COMMENT ON COLUMN integrations.language IS 'Language of names that no template gives: that of whoever added it.';
COMMENT ON COLUMN integrations.settings IS 'rules::Settings.';
COMMENT ON COLUMN integrations.daily_sync IS 'Are employees synchronised every day (SYN-37)?';
COMMENT ON COLUMN integrations.employee_sync_time IS 'When they last were; null while they were not.';
COMMENT ON COLUMN integrations.employee_try_time IS 'When the daily synchronisation last tried: another replica leaves it alone for a minute.';
COMMENT ON COLUMN integrations.version IS 'Grows with every change: the etag.';
COMMENT ON COLUMN integrations.create_time IS 'When it was made.';
COMMENT ON COLUMN integrations.update_time IS 'When it was last changed.';

CREATE TABLE integration_versions (
    account_id     uuid        NOT NULL,
    integration_id uuid        NOT NULL,
    version        bigint      NOT NULL,
    settings       jsonb       NOT NULL,
    author         text        NOT NULL,
    change_time    timestamptz NOT NULL,
    PRIMARY KEY (account_id, integration_id, version)
);
CALL beseda.guard('integration_versions');
COMMENT ON TABLE integration_versions IS 'What the settings were: a run names the version that it was planned by.';
COMMENT ON COLUMN integration_versions.account_id IS 'Account.';
COMMENT ON COLUMN integration_versions.integration_id IS 'IntegrationId.';
COMMENT ON COLUMN integration_versions.version IS 'As in integrations.';
COMMENT ON COLUMN integration_versions.settings IS 'rules::Settings.';
COMMENT ON COLUMN integration_versions.author IS '"user_…" or "key_…".';
COMMENT ON COLUMN integration_versions.change_time IS 'When.';

CREATE TABLE old_integrations (
    account_id uuid    PRIMARY KEY,
    enabled    boolean NOT NULL
);
CALL beseda.guard('old_integrations');
COMMENT ON TABLE old_integrations IS 'Whether the account still transfers chats by the old integration (SYN-02). Who switches anything on locks the row.';
COMMENT ON COLUMN old_integrations.account_id IS 'Account.';
COMMENT ON COLUMN old_integrations.enabled IS 'Is it on?';

CREATE TABLE employees (
    account_id     uuid    NOT NULL,
    integration_id uuid    NOT NULL,
    employee_id    text    NOT NULL,
    name           text    NOT NULL,
    active         boolean NOT NULL,
    PRIMARY KEY (account_id, integration_id, employee_id),
    FOREIGN KEY (account_id, integration_id) REFERENCES integrations ON DELETE CASCADE
);
CALL beseda.guard('employees');
COMMENT ON TABLE employees IS 'Employees of the CRM as they were last synchronised (SYN-36).';
COMMENT ON COLUMN employees.account_id IS 'Account.';
COMMENT ON COLUMN employees.integration_id IS 'Whose list.';
COMMENT ON COLUMN employees.employee_id IS 'Their id in the CRM.';
COMMENT ON COLUMN employees.name IS 'Their name.';
COMMENT ON COLUMN employees.active IS 'False for whoever was switched off.';
