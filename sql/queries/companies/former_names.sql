-- The former names of a company, the latest first.
SELECT name, since, until FROM company_names WHERE cik = ?1 ORDER BY position;
