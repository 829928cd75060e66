-- Records that a company's list of filings was read to its end, as of ?2. The current time is ?3. A
-- later check on record is kept, because the archive of last night may be older than it. A check in
-- the future is replaced: a clock was ahead then.
UPDATE companies
SET
    last_checked_at = CASE
        WHEN last_checked_at BETWEEN ?2 AND ?3 THEN last_checked_at
        ELSE ?2
    END,
    missing_days = 0,
    missing_on = NULL
WHERE cik = ?1;
