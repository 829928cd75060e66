-- A company's list of filings was read to its end.
UPDATE companies SET last_checked_at = ?2 WHERE cik = ?1;
