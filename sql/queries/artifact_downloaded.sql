-- The file is on disk under its name, complete and checked. An error undoes the whole transaction,
-- so the statement needs no journal of its own (FAIL), which its triggers would cost.
UPDATE OR FAIL artifacts
SET status = 1, bytes = ?4, sha256 = ?5, attempts = attempts + ?6,
    last_error = NULL, error_kind = NULL, downloaded_at = ?7
WHERE cik = ?1 AND accession = ?2 AND name = ?3;
