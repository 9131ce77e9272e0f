-- A merge of contacts can be taken back: which chats came to the other contact by it.
CREATE TABLE merged_chats (
    account_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    chat_id    uuid NOT NULL,
    PRIMARY KEY (account_id, contact_id, chat_id)
);
CALL beseda.guard('merged_chats');
COMMENT ON TABLE merged_chats IS 'Chats of contacts that went into others, so that they go back when the merge is taken back.';
COMMENT ON COLUMN merged_chats.account_id IS 'Account.';
COMMENT ON COLUMN merged_chats.contact_id IS 'The contact that went into another.';
COMMENT ON COLUMN merged_chats.chat_id IS 'A chat that was its.';
