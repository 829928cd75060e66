-- Returns the same rows as submissions.sql, but starts from the filings of the companies ?3.
SELECT s.filing, f.accession, f.folder, f.size
FROM submissions AS s
CROSS JOIN filings AS f ON f.id = s.filing
WHERE s.filing IN (
        SELECT r.filing FROM json_each(?3) CROSS JOIN filers AS r ON r.cik = json_each.value
    )
    AND s.filing > ?1
    AND s.status IN ('pending', 'failed')
    AND (?2 IS NULL OR s.queued_by < ?2)
    AND (?5 IS NULL OR s.status = ?5)
ORDER BY s.filing
LIMIT ?4;
