-- The names that a company had come anew.
DELETE FROM company_names WHERE cik = ?1;
