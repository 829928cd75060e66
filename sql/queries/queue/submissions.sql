-- The next queued submissions after filing ?1: those queued before run ?2, and of the companies ?3 (a
-- JSON list), where these are given; with ?5 only the pending ones. The status is spelled like the
-- partial index's condition,
-- otherwise SQLite does not use it. `+` makes it read a filing's few filers and look each up in the
-- list; without it, it would look for every company of the list among the filers.
SELECT s.filing, f.accession, f.folder, f.size
FROM submissions AS s INDEXED BY submissions_queued
CROSS JOIN filings AS f ON f.id = s.filing
WHERE s.status IN ('pending', 'failed')
    AND s.filing > ?1
    AND (?2 IS NULL OR s.queued_by < ?2)
    AND (?5 = 0 OR s.status = 'pending')
    AND (
        ?3 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS r
            WHERE r.filing = s.filing AND +r.cik IN (SELECT value FROM json_each(?3))
        )
    )
ORDER BY s.filing
LIMIT ?4;
