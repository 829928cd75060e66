-- The names that a company had, the last one first.
SELECT name, since, until FROM company_names WHERE cik = ?1 ORDER BY position;
