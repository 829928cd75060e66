-- Deletes an earlier reading of a page that a newer reading contains.
DELETE FROM pages_read WHERE name = ?1 AND forms = ?2 AND since = ?3 AND until = ?4;
