-- The next files that are on disk, by id. Reading ten million rows in batches by id needs no sort
-- and no cursor that stays open.
SELECT a.id, f.accession, f.folder, a.name, a.bytes, a.sha256
FROM artifacts AS a
CROSS JOIN filings AS f ON f.id = a.filing
WHERE a.id > ?1 AND a.status = 'downloaded'
ORDER BY a.id
LIMIT ?2;
