-- A company's list of filings was read to its end, as of ?2.
UPDATE companies
SET last_checked_at = ?2, missing_days = 0, missing_on = NULL
WHERE cik = ?1;
