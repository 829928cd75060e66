-- Queues a file again. For a file that was given up, the days on which EDGAR did not have it are
-- counted from zero.
UPDATE artifacts
SET status = 'pending',
    queued_by = ?2,
    missing_days = CASE WHEN status = 'failed' THEN missing_days END,
    missing_on = CASE WHEN status = 'failed' THEN missing_on END
WHERE id = ?1;
