-- The next queued submissions after filing ?1. Optional conditions: queued before run ?2, of one of
-- the companies ?3 (a JSON list), only those of status ?5.
--
-- The status condition repeats that of the partial index, otherwise SQLite does not use the index.
-- With `+`, SQLite reads the few filers of a filing and looks each up in the list; without it,
-- SQLite would search the filers for every company of the list.
SELECT s.filing, f.accession, f.folder, f.size
FROM submissions AS s INDEXED BY submissions_queued
CROSS JOIN filings AS f ON f.id = s.filing
WHERE s.status IN ('pending', 'failed')
    AND s.filing > ?1
    AND (?2 IS NULL OR s.queued_by < ?2)
    AND (?5 IS NULL OR s.status = ?5)
    AND (
        ?3 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS r
            WHERE r.filing = s.filing AND +r.cik IN (SELECT value FROM json_each(?3))
        )
    )
ORDER BY s.filing
LIMIT ?4;
