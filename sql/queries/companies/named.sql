-- The companies among ?1 (a JSON list) that are on record, in the order of listed.sql. The JSON
-- list is the outer loop, so a run for a few companies starts at once however many are on record.
SELECT DISTINCT c.cik
FROM json_each(?1) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
ORDER BY c.filings > 0, c.last_checked_at, c.cik;
