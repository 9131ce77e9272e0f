-- Who uses Beseda: accounts, departments, employees.

CREATE TABLE accounts (
    account_id   uuid        PRIMARY KEY,
    title        text        NOT NULL,
    language     text        NOT NULL,
    plan         smallint    NOT NULL,
    subscription smallint    NOT NULL,
    imbox        boolean     NOT NULL DEFAULT false,
    version      bigint      NOT NULL DEFAULT 1,
    create_time  timestamptz NOT NULL
);
CALL beseda.guard('accounts');
COMMENT ON TABLE accounts IS 'A company that uses Beseda.';
COMMENT ON COLUMN accounts.account_id IS 'Its id.';
COMMENT ON COLUMN accounts.title IS 'Name.';
COMMENT ON COLUMN accounts.language IS 'BCP 47 language for texts that belong to no reader, and for employees without one.';
COMMENT ON COLUMN accounts.plan IS 'Tariff: 1 basic, 2 extended, 3 professional.';
COMMENT ON COLUMN accounts.subscription IS '1 paid, 2 unpaid: nothing can be sent.';
COMMENT ON COLUMN accounts.imbox IS 'Is imBox switched on?';
COMMENT ON COLUMN accounts.version IS 'Grows with every change: the etag, and the order of account.changed events.';
COMMENT ON COLUMN accounts.create_time IS 'When it was made.';

CREATE TABLE groups (
    account_id  uuid        NOT NULL REFERENCES accounts,
    group_id    uuid        NOT NULL,
    name        text        NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    create_time timestamptz NOT NULL,
    CONSTRAINT groups_pkey PRIMARY KEY (account_id, group_id)
);
CREATE UNIQUE INDEX groups_name ON groups (account_id, lower(name));
CALL beseda.guard('groups');
COMMENT ON TABLE groups IS 'Departments.';
COMMENT ON COLUMN groups.account_id IS 'Whose.';
COMMENT ON COLUMN groups.group_id IS 'Its id; later ones are greater.';
COMMENT ON COLUMN groups.name IS 'Unique in the account without regard to case.';
COMMENT ON COLUMN groups.version IS 'Grows with every change: the etag.';
COMMENT ON COLUMN groups.create_time IS 'When it was made.';

CREATE TABLE users (
    account_id     uuid        NOT NULL REFERENCES accounts,
    user_id        uuid        NOT NULL,
    email          text        NOT NULL,
    name           text        NOT NULL,
    role           smallint    NOT NULL,
    group_id       uuid,
    language       text,
    active         boolean     NOT NULL,
    password_hash  text        NOT NULL,
    grant_version  uuid        NOT NULL,
    version        bigint      NOT NULL DEFAULT 1,
    create_time    timestamptz NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (account_id, user_id),
    CONSTRAINT users_group FOREIGN KEY (account_id, group_id) REFERENCES groups
);
CREATE INDEX users_by_group ON users (account_id, group_id, user_id);
CALL beseda.guard('users');
COMMENT ON TABLE users IS 'Employees.';
COMMENT ON COLUMN users.account_id IS 'Where they work.';
COMMENT ON COLUMN users.user_id IS 'Their id; later ones are greater.';
COMMENT ON COLUMN users.email IS 'For log-in, as it was given.';
COMMENT ON COLUMN users.name IS 'Name to show.';
COMMENT ON COLUMN users.role IS '1 administrator, 2 manager.';
COMMENT ON COLUMN users.group_id IS 'Department; null for none.';
COMMENT ON COLUMN users.language IS 'BCP 47 language; null means the account''s.';
COMMENT ON COLUMN users.active IS 'Off: cannot log in.';
COMMENT ON COLUMN users.password_hash IS 'Argon2id with its parameters and salt (PHC string).';
COMMENT ON COLUMN users.grant_version IS 'Replaced when what access tokens say changes (role, department, name, language); tokens with the old one are refused.';
COMMENT ON COLUMN users.version IS 'Grows with every change: the etag.';
COMMENT ON COLUMN users.create_time IS 'When they were added.';

-- One e-mail belongs to one user of the whole installation, and log-in must find the account before it knows one: so this
-- table's key does not begin with the account. It holds a digest and ids, nothing to read; only log-in reads it, as the system.
CREATE TABLE login_directory (
    email_digest bytea NOT NULL,
    account_id   uuid  NOT NULL,
    user_id      uuid  NOT NULL,
    CONSTRAINT login_directory_pkey PRIMARY KEY (email_digest),
    FOREIGN KEY (account_id, user_id) REFERENCES users ON DELETE CASCADE
);
CREATE INDEX login_directory_user ON login_directory (account_id, user_id);
CALL beseda.guard('login_directory');
COMMENT ON TABLE login_directory IS 'Which user an e-mail belongs to, over all accounts.';
COMMENT ON COLUMN login_directory.email_digest IS 'SHA-256 of the address in lower case.';
COMMENT ON COLUMN login_directory.account_id IS 'Account of the user.';
COMMENT ON COLUMN login_directory.user_id IS 'The user.';
