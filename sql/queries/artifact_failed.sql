-- Every try failed; a later run tries again. What is on disk already stays downloaded.
UPDATE artifacts
SET status = 2, attempts = attempts + ?3, last_error = ?4, error_kind = ?5
WHERE accession = ?1 AND name = ?2 AND status <> 1
    AND cik IN (SELECT cik FROM owners WHERE accession = ?1);
