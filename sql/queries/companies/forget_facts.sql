-- Deletes the facts of a company whose CIK EDGAR does not know.
DELETE FROM company_facts WHERE cik = ?1;
