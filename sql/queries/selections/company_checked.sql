-- A company's list of filings was read to its end, as of ?2; it is ?3. Last night's archive may be older
-- than the last check, and a clock may have been ahead.
UPDATE companies
SET
    last_checked_at = CASE
        WHEN last_checked_at BETWEEN ?2 AND ?3 THEN last_checked_at
        ELSE ?2
    END,
    missing_days = 0,
    missing_on = NULL
WHERE cik = ?1;
