-- Queues a submission, whatever its status. The days on which EDGAR did not have it are handled as
-- in artifact_again.sql.
INSERT INTO submissions (filing, status, queued_by) VALUES (?1, 'pending', ?2)
ON CONFLICT (filing) DO UPDATE
SET status = 'pending',
    queued_by = excluded.queued_by,
    missing_days = CASE WHEN status = 'failed' THEN missing_days END,
    missing_on = CASE WHEN status = 'failed' THEN missing_on END;
