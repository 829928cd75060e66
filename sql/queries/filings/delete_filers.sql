-- Deletes the filers of a filing, before the filing is deleted.
DELETE FROM filers WHERE filing = ?1;
