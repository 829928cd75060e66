-- The next queued submissions after ?2 of the companies ?1 (a JSON list; NULL is all), with the
-- columns that the counters need.
SELECT q.filing, q.status, f.id, f.form, CAST(substr(f.filed_on, 1, 4) AS INTEGER)
FROM submissions AS q INDEXED BY submissions_queued
CROSS JOIN filings AS f ON f.id = q.filing
WHERE q.status IN ('pending', 'failed')
    AND q.filing > ?2
    AND (
        ?1 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS r
            WHERE r.filing = q.filing AND +r.cik IN (SELECT value FROM json_each(?1))
        )
    )
ORDER BY q.filing
LIMIT ?3;
