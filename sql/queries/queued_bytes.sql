-- The sizes of the submissions that the queued artifacts in scope belong to: what their download
-- takes at most. EDGAR tells them for nearly all.
SELECT coalesce(sum(f.size), 0)
FROM temp.scope AS s
CROSS JOIN artifacts AS a INDEXED BY artifacts_queue ON a.cik = s.cik
CROSS JOIN filings AS f ON f.cik = a.cik AND f.accession = a.accession
WHERE a.status <> 1;
