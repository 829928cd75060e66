-- Returns the same counts as length.sql, but starts from the filings of the companies ?2.
WITH of_few AS MATERIALIZED (
    SELECT r.filing FROM json_each(?2) CROSS JOIN filers AS r ON r.cik = json_each.value
)
SELECT coalesce(sum(q.status = 'pending'), 0), coalesce(sum(q.status = 'failed'), 0)
FROM (
    SELECT status, queued_by FROM artifacts WHERE filing IN (SELECT filing FROM of_few)
    UNION ALL
    SELECT status, queued_by FROM submissions WHERE filing IN (SELECT filing FROM of_few)
) AS q
WHERE q.status IN ('pending', 'failed') AND (?1 IS NULL OR q.queued_by < ?1);
