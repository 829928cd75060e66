-- A file that was stored and had come without a date. Bytes that were refused before are known anyway:
-- what a mirror sends again counts for nothing.
INSERT OR REPLACE INTO undated_files (sha256, artifact, came_on)
SELECT a.sha256, a.id, ?3
FROM filings AS f
JOIN artifacts AS a ON a.filing = f.id AND a.name = ?2
WHERE f.accession = ?1 AND a.status = 'downloaded' AND a.sha256 IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM refused_pages AS refused WHERE refused.sha256 = a.sha256);
