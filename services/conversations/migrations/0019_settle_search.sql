-- New entries are collected and go into the index of texts together, at the end of each batch: a batch has most of its trigrams in
-- common, and one by one each entry is a descent of the index.
ALTER INDEX search_messages_texts SET (fastupdate = on);

-- Only its owner may do this to an index.
CREATE FUNCTION search_settle() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$ SELECT gin_clean_pending_list('search_messages_texts') $$;
COMMENT ON FUNCTION search_settle() IS 'Puts collected entries into the index of texts. What is collected is found as well, but slowly.';
