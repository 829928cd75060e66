-- The files on disk of filings of which a file came without its date by itself, with their hashes
-- behind the columns of a queued artifact.
SELECT a.id, f.accession, f.folder, f.size, a.kind, a.name, a.url_name, a.sha256
FROM (SELECT DISTINCT accession FROM errors WHERE kind = 'undated') AS undated
CROSS JOIN filings AS f ON f.accession = undated.accession
CROSS JOIN artifacts AS a ON a.filing = f.id
WHERE a.status = 'downloaded' AND a.sha256 IS NOT NULL
ORDER BY a.id;
