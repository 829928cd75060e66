-- What was stored is no document: nothing of it stays on record.
UPDATE artifacts
SET status = 'pending', bytes = NULL, sha256 = NULL, downloaded_at = NULL
WHERE id = ?1;
