-- Companies in scope whose list of filings was never read to its end: new ones, and failed ones.
SELECT s.cik
FROM temp.scope AS s
CROSS JOIN companies AS c ON c.cik = s.cik
WHERE c.last_checked_at IS NULL;
