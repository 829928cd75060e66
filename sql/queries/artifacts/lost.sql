-- Queues a file again that is missing or damaged on disk. Its length and hash are kept.
UPDATE artifacts
SET status = 'pending', queued_by = 0, downloaded_at = NULL, last_error = ?2, error_kind = 'lost'
WHERE id = ?1 AND status = 'downloaded';
