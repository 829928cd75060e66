-- A number that no filer has.
DELETE FROM companies WHERE cik = ?1;
