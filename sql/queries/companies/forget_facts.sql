-- What was noted of a number that no filer has.
DELETE FROM company_facts WHERE cik = ?1;
