-- What a page was read for within these days.
SELECT forms, since, until FROM pages_read WHERE name = ?1 AND since >= ?2 AND until <= ?3;
