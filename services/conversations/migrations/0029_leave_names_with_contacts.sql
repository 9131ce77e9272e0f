-- A chat that an employee created had its contact's name as if the channel had told it, and so had the conversations that were begun in it:
-- there rights on the field "name" did not reach it. Until the client writes, the channel has told no name.
SELECT set_config('beseda.system', 'on', true);
UPDATE conversations c SET title = '#' || right(h.external_id, 6), version = c.version + 1
  FROM chats h
 WHERE h.account_id = c.account_id AND h.id = c.chat_id AND h.client_time IS NULL AND h.contact_id IS NOT NULL AND h.client_name <> ''
   AND c.title = btrim(h.client_name);
UPDATE chats SET client_name = '' WHERE client_time IS NULL AND contact_id IS NOT NULL AND client_name <> '';
SELECT set_config('beseda.system', '', true);
