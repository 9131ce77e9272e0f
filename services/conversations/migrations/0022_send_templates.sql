-- Templates are sent, and chats of which a channel has several ids are known under all of them.

ALTER TABLE deliveries ADD COLUMN template jsonb;
COMMENT ON COLUMN deliveries.template IS 'The template to send, with what belongs into it; null for free text.';

CREATE TABLE chat_ids (
    account_id    uuid NOT NULL,
    connection_id uuid NOT NULL,
    id            text NOT NULL,
    external_id   text NOT NULL,
    PRIMARY KEY (account_id, connection_id, id)
);
CALL beseda.guard('chat_ids');
COMMENT ON TABLE chat_ids IS 'Further ids that channels have for chats: whichever comes, it leads to the same chat.';
COMMENT ON COLUMN chat_ids.account_id IS 'Account.';
COMMENT ON COLUMN chat_ids.connection_id IS 'The connection of the chat.';
COMMENT ON COLUMN chat_ids.id IS 'The channel''s further id.';
COMMENT ON COLUMN chat_ids.external_id IS 'The id under which the chat is known here, or will be when its first message comes.';
