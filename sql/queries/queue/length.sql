-- The number of pending and failed items, optionally only those queued before run ?1 and those of
-- the companies ?2 (a JSON list).
SELECT coalesce(sum(q.status = 'pending'), 0), coalesce(sum(q.status = 'failed'), 0)
FROM (
    SELECT filing, status, queued_by FROM artifacts WHERE status IN ('pending', 'failed')
    UNION ALL
    SELECT filing, status, queued_by FROM submissions WHERE status IN ('pending', 'failed')
) AS q
WHERE (?1 IS NULL OR q.queued_by < ?1)
    AND (
        ?2 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS r
            WHERE r.filing = q.filing AND +r.cik IN (SELECT value FROM json_each(?2))
        )
    );
