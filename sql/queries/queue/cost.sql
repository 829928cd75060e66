-- The number of requests in the queue and an upper bound of their bytes. The conditions are those
-- of length.sql.
SELECT count(*), coalesce(sum(f.size), 0)
FROM (
    SELECT a.filing, a.queued_by
    FROM artifacts AS a
    WHERE a.status IN ('pending', 'failed')
        AND NOT EXISTS (
            SELECT 1 FROM submissions AS s
            WHERE s.filing = a.filing AND s.status IN ('pending', 'failed')
        )
    UNION ALL
    SELECT filing, queued_by FROM submissions WHERE status IN ('pending', 'failed')
) AS q
CROSS JOIN filings AS f ON f.id = q.filing
WHERE (?1 IS NULL OR q.queued_by < ?1)
    AND (
        ?2 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS r
            WHERE r.filing = q.filing AND +r.cik IN (SELECT value FROM json_each(?2))
        )
    );
