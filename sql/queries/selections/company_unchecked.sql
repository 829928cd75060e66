-- Makes a company the first of the next run. EDGAR lists filings of it, so it is not unavailable
-- either.
UPDATE companies SET last_checked_at = NULL, missing_days = 0, missing_on = NULL WHERE cik = ?1;
