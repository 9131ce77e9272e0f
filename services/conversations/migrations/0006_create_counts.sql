-- How many conversations there are of each kind, counted as they change and never by reading them. Triggers write a signed change
-- whenever a conversation comes, goes, or is of another kind: whatever wrote it, the count is exact, and no row is fought over.
-- A job folds changes into sums; a count is the sum and the changes that are not folded yet, read in one statement.
ALTER TABLE conversations ADD COLUMN is_group boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN conversations.is_group IS 'Of a group chat: administrators only see it (CHW-19).';

CREATE TABLE conversation_counts (
    account_id    uuid     NOT NULL,
    owner         uuid     NOT NULL,
    is_group      boolean  NOT NULL,
    life          smallint NOT NULL,
    answer        smallint NOT NULL,
    conversations bigint   NOT NULL,
    PRIMARY KEY (account_id, owner, is_group, life, answer)
) WITH (fillfactor = 50);
CALL beseda.guard('conversation_counts');
COMMENT ON TABLE conversation_counts IS 'Conversations of each kind, as far as their changes are folded.';
COMMENT ON COLUMN conversation_counts.account_id IS 'Account.';
COMMENT ON COLUMN conversation_counts.owner IS 'Who is responsible for the contact; the nil UUID for nobody.';
COMMENT ON COLUMN conversation_counts.is_group IS 'Of group chats?';
COMMENT ON COLUMN conversation_counts.life IS '1 open, 2 closed.';
COMMENT ON COLUMN conversation_counts.answer IS '1 requires an answer, 2 no answer needed.';
COMMENT ON COLUMN conversation_counts.conversations IS 'How many.';

CREATE TABLE conversation_count_changes (
    account_id uuid     NOT NULL,
    id         bigint   GENERATED ALWAYS AS IDENTITY,
    owner      uuid     NOT NULL,
    is_group   boolean  NOT NULL,
    life       smallint NOT NULL,
    answer     smallint NOT NULL,
    change     bigint   NOT NULL,
    PRIMARY KEY (account_id, id)
);
CALL beseda.guard('conversation_count_changes');
COMMENT ON TABLE conversation_count_changes IS 'Changes of the counts that are not folded yet.';
COMMENT ON COLUMN conversation_count_changes.account_id IS 'Account.';
COMMENT ON COLUMN conversation_count_changes.id IS 'Tells changes apart.';
COMMENT ON COLUMN conversation_count_changes.owner IS 'As in conversation_counts.';
COMMENT ON COLUMN conversation_count_changes.is_group IS 'As in conversation_counts.';
COMMENT ON COLUMN conversation_count_changes.life IS 'As in conversation_counts.';
COMMENT ON COLUMN conversation_count_changes.answer IS 'As in conversation_counts.';
COMMENT ON COLUMN conversation_count_changes.change IS 'By how many the count changes.';

CREATE FUNCTION count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conversation_count_changes (account_id, owner, is_group, life, answer, change)
    SELECT account_id, coalesce(contact_owner, '00000000-0000-0000-0000-000000000000'), is_group, life, answer, count(*)
      FROM added GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;

CREATE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conversation_count_changes (account_id, owner, is_group, life, answer, change)
    SELECT account_id, coalesce(contact_owner, '00000000-0000-0000-0000-000000000000'), is_group, life, answer, -count(*)
      FROM removed GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;

CREATE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO conversation_count_changes (account_id, owner, is_group, life, answer, change)
    VALUES (OLD.account_id, coalesce(OLD.contact_owner, '00000000-0000-0000-0000-000000000000'), OLD.is_group, OLD.life, OLD.answer, -1),
           (NEW.account_id, coalesce(NEW.contact_owner, '00000000-0000-0000-0000-000000000000'), NEW.is_group, NEW.life, NEW.answer, 1);
    RETURN NULL;
END $$;

CREATE TRIGGER count_added AFTER INSERT ON conversations
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_added();
CREATE TRIGGER count_removed AFTER DELETE ON conversations
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_removed();
-- Most updates leave the kind as it is. A row's condition is decided without calling anything; a trigger of the statement would be
-- called, and handed all rows, each time.
CREATE TRIGGER count_changed AFTER UPDATE ON conversations FOR EACH ROW
    WHEN ((OLD.contact_owner, OLD.is_group, OLD.life, OLD.answer) IS DISTINCT FROM
          (NEW.contact_owner, NEW.is_group, NEW.life, NEW.answer))
    EXECUTE FUNCTION count_changed();

-- The triggers hold whoever writes back until this is committed: what there is is counted once.
SELECT set_config('beseda.system', 'on', true);
INSERT INTO conversation_counts (account_id, owner, is_group, life, answer, conversations)
SELECT account_id, coalesce(contact_owner, '00000000-0000-0000-0000-000000000000'), is_group, life, answer, count(*)
  FROM conversations GROUP BY 1, 2, 3, 4, 5;
SELECT set_config('beseda.system', '', true);
