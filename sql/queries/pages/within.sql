-- The earlier readings of a page with days within ?2 to ?3.
SELECT forms, since, until FROM pages_read WHERE name = ?1 AND since >= ?2 AND until <= ?3;
