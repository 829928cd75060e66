-- Queues a file that was given up.
UPDATE artifacts
SET status = 'pending', queued_by = ?2, missing_days = NULL, missing_on = NULL
WHERE id = ?1;
