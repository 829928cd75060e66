-- Whether the CIK is all that is known about a filer.
SELECT name = '' AND last_checked_at IS NULL AND filings = 0 FROM companies WHERE cik = ?1;
