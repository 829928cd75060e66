-- The forms that an older page was read for in at least these days, where EDGAR describes it now as it
-- did then.
SELECT forms
FROM pages_read
WHERE name = ?1 AND filings = ?2 AND first_on = ?3 AND last_on = ?4 AND since <= ?5 AND until >= ?6;
