-- The file on disk is missing or damaged: it is queued again.
UPDATE artifacts
SET status = 0, bytes = NULL, sha256 = NULL, downloaded_at = NULL, last_error = ?2, error_kind = NULL
WHERE id = ?1 AND status = 1;
