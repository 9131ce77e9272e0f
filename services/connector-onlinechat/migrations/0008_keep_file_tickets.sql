-- A file ticket opens the files of the visitor's own chat in addresses of pictures and players, for as long as the session it was given with. It
-- is kept like the session itself, and its text, which begins otherwise, opens nothing but files.
COMMENT ON TABLE visitor_sessions IS 'Sessions of visitors and their file tickets: one of each for each page that was opened in the last hour.';
COMMENT ON COLUMN visitor_sessions.token_digest IS 'SHA-256 of the session token or file ticket; the text itself is in the browser only.';
