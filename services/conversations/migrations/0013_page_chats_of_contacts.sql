-- The chats of a contact, page by page, the youngest first.
DROP INDEX chats_of_contact;
CREATE INDEX chats_of_contact ON chats (account_id, contact_id, id DESC) WHERE contact_id IS NOT NULL;
