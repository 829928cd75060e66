-- The next files that were stored once and are no longer on disk: queued, unavailable or dropped.
SELECT a.id, f.accession, f.folder, a.name, a.bytes, a.sha256
FROM artifacts AS a INDEXED BY artifacts_queued
CROSS JOIN filings AS f ON f.id = a.filing
WHERE a.status IN ('pending', 'failed') AND a.id > ?1 AND a.sha256 IS NOT NULL
UNION ALL
SELECT a.id, f.accession, f.folder, a.name, a.bytes, a.sha256
FROM artifacts AS a INDEXED BY artifacts_given_up
CROSS JOIN filings AS f ON f.id = a.filing
WHERE a.status IN ('unavailable', 'dropped') AND a.id > ?1 AND a.sha256 IS NOT NULL
ORDER BY a.id
LIMIT ?2;
