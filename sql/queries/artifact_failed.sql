-- Every try failed; a later run tries again. What is on disk already stays downloaded.
UPDATE artifacts
SET status = 2, attempts = attempts + ?4, last_error = ?5, error_kind = ?6
WHERE cik = ?1 AND accession = ?2 AND name = ?3 AND status <> 1;
