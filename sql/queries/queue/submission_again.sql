-- Queues a submission, whatever became of it before.
INSERT INTO submissions (filing, status, queued_by) VALUES (?1, 'pending', ?2)
ON CONFLICT (filing) DO UPDATE
SET status = 'pending', queued_by = excluded.queued_by, missing_days = NULL, missing_on = NULL;
