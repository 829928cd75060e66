-- Queues a file again. EDGAR is given three new days to have what was given up.
UPDATE artifacts
SET status = 'pending',
    queued_by = ?2,
    missing_days = CASE WHEN status = 'failed' THEN missing_days END,
    missing_on = CASE WHEN status = 'failed' THEN missing_on END
WHERE id = ?1;
