-- The failed downloads of the companies ?1 (a JSON list; NULL is all), grouped by kind of error.
SELECT q.kind, count(*), min(q.last_error)
FROM (
    SELECT filing, coalesce(error_kind, 'unknown') AS kind, last_error
    FROM artifacts INDEXED BY artifacts_queued
    WHERE status IN ('pending', 'failed') AND status = 'failed'
    UNION ALL
    SELECT filing, coalesce(error_kind, 'unknown'), last_error
    FROM submissions INDEXED BY submissions_queued
    WHERE status IN ('pending', 'failed') AND status = 'failed'
) AS q
WHERE ?1 IS NULL
    OR EXISTS (
        SELECT 1 FROM filers AS r
        WHERE r.filing = q.filing AND +r.cik IN (SELECT value FROM json_each(?1))
    )
GROUP BY q.kind
ORDER BY q.kind;
