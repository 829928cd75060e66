-- The next unavailable artifacts after ?2 of the companies ?1 (a JSON list; NULL is all), with the
-- columns that the counters need.
SELECT q.id, q.status, f.id, f.form, CAST(substr(f.filed_on, 1, 4) AS INTEGER)
FROM artifacts AS q INDEXED BY artifacts_given_up
CROSS JOIN filings AS f ON f.id = q.filing
WHERE q.status IN ('unavailable', 'dropped') AND q.status = 'unavailable'
    AND q.id > ?2
    AND (
        ?1 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS r
            WHERE r.filing = q.filing AND +r.cik IN (SELECT value FROM json_each(?1))
        )
    )
ORDER BY q.id
LIMIT ?3;
