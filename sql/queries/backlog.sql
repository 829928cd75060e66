-- What earlier runs left pending or failed, for the companies in scope: after artifact ?2 of
-- company ?1, up to artifact ?3. The scope leads, so that a narrow one never walks a long queue.
-- The status is spelled like the partial index's condition, otherwise SQLite does not use it.
SELECT a.id, a.accession, a.cik, a.kind, a.name, f.size
FROM temp.scope AS s
CROSS JOIN artifacts AS a INDEXED BY artifacts_queue ON a.cik = s.cik
CROSS JOIN filings AS f ON f.cik = a.cik AND f.accession = a.accession
WHERE a.status <> 1
    AND s.cik >= ?1
    AND a.id > CASE WHEN s.cik = ?1 THEN ?2 ELSE 0 END
    AND a.id <= ?3
ORDER BY s.cik, a.id
LIMIT ?4;
