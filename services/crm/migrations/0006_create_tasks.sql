-- Tasks of employees.
CREATE TABLE tasks (
    account_id          uuid        NOT NULL,
    task_id             uuid        NOT NULL,
    kind                smallint    NOT NULL CHECK (kind BETWEEN 1 AND 5),
    text                text        NOT NULL,
    due_time            timestamptz NOT NULL,
    responsible_user_id uuid        NOT NULL,
    card_id             uuid,
    card_kind           smallint CHECK (card_kind BETWEEN 1 AND 4),
    integration_key     text        NOT NULL,
    completed           boolean     NOT NULL,
    complete_time       timestamptz,
    result              text        NOT NULL,
    version             bigint      NOT NULL,
    create_time         timestamptz NOT NULL,
    PRIMARY KEY (account_id, task_id),
    FOREIGN KEY (account_id, card_id) REFERENCES cards,
    CONSTRAINT tasks_complete_time CHECK (completed = (complete_time IS NOT NULL)),
    CONSTRAINT tasks_card CHECK ((card_id IS NULL) = (card_kind IS NULL))
);
CREATE INDEX tasks_by_term ON tasks (account_id, completed, due_time, task_id);
CREATE INDEX tasks_by_responsible ON tasks (account_id, completed, responsible_user_id, due_time, task_id);
CREATE INDEX tasks_of_card ON tasks (account_id, card_id, completed, due_time, task_id) WHERE card_id IS NOT NULL;
CALL beseda.guard('tasks');
COMMENT ON TABLE tasks IS 'Tasks of employees.';
COMMENT ON COLUMN tasks.account_id IS 'Account.';
COMMENT ON COLUMN tasks.task_id IS 'TaskId.';
COMMENT ON COLUMN tasks.kind IS '1 follow up, 2 call, 3 meeting, 4 letter, 5 other.';
COMMENT ON COLUMN tasks.text IS 'What to do.';
COMMENT ON COLUMN tasks.due_time IS 'Until when: lists are in this order.';
COMMENT ON COLUMN tasks.responsible_user_id IS 'The employee who has it.';
COMMENT ON COLUMN tasks.card_id IS 'The card that it is about; null for none.';
COMMENT ON COLUMN tasks.card_kind IS 'Kind of that card, as in cards.';
COMMENT ON COLUMN tasks.integration_key IS 'Which integration added it; empty for people.';
COMMENT ON COLUMN tasks.completed IS 'Is it done?';
COMMENT ON COLUMN tasks.complete_time IS 'When it was completed.';
COMMENT ON COLUMN tasks.result IS 'What came of it.';
COMMENT ON COLUMN tasks.version IS 'Grows with every change: the etag.';
COMMENT ON COLUMN tasks.create_time IS 'When it was made.';
COMMENT ON COLUMN timeline.kind IS '1 created, 2 field changed, 3 stage changed, 4 responsible changed, 5 follower added, 6 follower removed, 7 deleted, 8 tags changed, 9 task added, 10 task completed.';
