-- The file on disk is missing or damaged: it is queued again, and what it was stays on record.
UPDATE artifacts
SET status = 'pending', queued_by = 0, downloaded_at = NULL, last_error = ?2, error_kind = 'lost'
WHERE id = ?1 AND status = 'downloaded';
