-- The file is on disk under its name, complete and checked.
UPDATE artifacts
SET status = 1, bytes = ?3, sha256 = ?4, attempts = attempts + ?5,
    last_error = NULL, error_kind = NULL, downloaded_at = ?6
WHERE accession = ?1 AND name = ?2
    AND cik IN (SELECT cik FROM owners WHERE accession = ?1);
