-- The companies ?1 (a JSON list) that are on record, in the order of listed.sql. The list leads, so that a
-- run for a few companies begins at once, however many there are.
SELECT DISTINCT c.cik
FROM json_each(?1) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
ORDER BY c.filings > 0, c.last_checked_at, c.cik;
