-- The next queued artifacts after ?1 that do not wait for a submission. The other conditions are
-- those of submissions.sql.
SELECT a.id, f.accession, f.folder, f.size, a.kind, a.name, a.url_name
FROM artifacts AS a INDEXED BY artifacts_queued
CROSS JOIN filings AS f ON f.id = a.filing
WHERE a.status IN ('pending', 'failed')
    AND a.id > ?1
    AND (?2 IS NULL OR a.queued_by < ?2)
    AND (?5 IS NULL OR a.status = ?5)
    AND NOT EXISTS (
        SELECT 1 FROM submissions AS s
        WHERE s.filing = a.filing AND s.status IN ('pending', 'failed')
    )
    AND (
        ?3 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS r
            WHERE r.filing = a.filing AND +r.cik IN (SELECT value FROM json_each(?3))
        )
    )
ORDER BY a.id
LIMIT ?4;
