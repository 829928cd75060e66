-- Deletes a company whose CIK EDGAR does not know.
DELETE FROM companies WHERE cik = ?1;
