-- What a page was read for is contained in what it was read for now.
DELETE FROM pages_read WHERE name = ?1 AND forms = ?2 AND since = ?3 AND until = ?4;
