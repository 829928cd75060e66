-- The forms for which an older page was read, over at least the wanted days, while EDGAR described
-- it as it does now.
SELECT forms
FROM pages_read
WHERE name = ?1 AND filings = ?2 AND first_on = ?3 AND last_on = ?4 AND since <= ?5 AND until >= ?6;
