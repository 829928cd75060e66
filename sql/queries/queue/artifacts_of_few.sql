-- Returns the same rows as artifacts.sql, but starts from the filings of the companies ?3.
SELECT a.id, f.accession, f.folder, f.size, a.kind, a.name, a.url_name
FROM artifacts AS a
CROSS JOIN filings AS f ON f.id = a.filing
WHERE a.filing IN (
        SELECT r.filing FROM json_each(?3) CROSS JOIN filers AS r ON r.cik = json_each.value
    )
    AND a.id > ?1
    AND a.status IN ('pending', 'failed')
    AND (?2 IS NULL OR a.queued_by < ?2)
    AND (?5 IS NULL OR a.status = ?5)
    AND NOT EXISTS (
        SELECT 1 FROM submissions AS s
        WHERE s.filing = a.filing AND s.status IN ('pending', 'failed')
    )
ORDER BY a.id
LIMIT ?4;
