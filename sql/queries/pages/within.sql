-- The earlier readings of a page whose days lie within ?2 to ?3.
SELECT forms, since, until FROM pages_read WHERE name = ?1 AND since >= ?2 AND until <= ?3;
