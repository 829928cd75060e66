-- The companies among ?1 (a JSON list) that have an active listing on one of the exchanges ?2 (a
-- JSON list). Listings of funds and notes do not count.
SELECT c.cik
FROM json_each(?1) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
WHERE EXISTS (
    SELECT 1 FROM listings AS l
    WHERE l.cik = c.cik AND l.active = 1 AND l.etf = 0 AND l.exchange IN (SELECT value FROM json_each(?2))
)
ORDER BY wanted.key;
