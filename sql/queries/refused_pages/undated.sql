-- The files on disk with these bytes that came without a date lately.
SELECT a.id, f.accession, f.folder, f.size, a.kind, a.name, a.url_name
FROM undated_files AS undated
CROSS JOIN artifacts AS a ON a.id = undated.artifact
CROSS JOIN filings AS f ON f.id = a.filing
WHERE undated.sha256 = ?1 AND a.sha256 = undated.sha256 AND a.status = 'downloaded'
ORDER BY a.id;
