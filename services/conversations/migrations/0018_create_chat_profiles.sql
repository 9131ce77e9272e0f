-- What channels tell of a client beside the name. It is kept off the path of messages, by the consumer that feeds search.
CREATE TABLE chat_profiles (
    account_id uuid NOT NULL,
    chat_id    uuid NOT NULL,
    username   text NOT NULL,
    user_id    text NOT NULL,
    phone      text NOT NULL,
    PRIMARY KEY (account_id, chat_id)
);
CALL beseda.guard('chat_profiles');
COMMENT ON TABLE chat_profiles IS 'Clients as their channels tell of them (CHW-58, TG-04).';
COMMENT ON COLUMN chat_profiles.account_id IS 'Account.';
COMMENT ON COLUMN chat_profiles.chat_id IS 'ChatId.';
COMMENT ON COLUMN chat_profiles.username IS 'The client''s public name in the channel, without @; empty when it is not known, as are the others.';
COMMENT ON COLUMN chat_profiles.user_id IS 'The channel''s id of the client.';
COMMENT ON COLUMN chat_profiles.phone IS 'The client''s telephone number.';

COMMENT ON COLUMN search_chats.folded IS 'The client''s name and public name in the channel and the contact''s name, a line each, in small letters without accents.';
