-- The conversation that a message goes to is the first one in this order: the open one, else the newest closed one.
DROP INDEX conversations_of_chat;
CREATE INDEX conversations_of_chat ON conversations (account_id, chat_id, life, number DESC);
