-- Marks a submission as split: all of its documents are on record.
INSERT INTO submissions (filing, status, queued_by, documents, bytes, sha256, attempts, split_at)
VALUES (?1, 'split', 0, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (filing) DO UPDATE
SET status = 'split', documents = excluded.documents, bytes = excluded.bytes,
    sha256 = excluded.sha256, attempts = attempts + excluded.attempts,
    split_at = excluded.split_at, error_kind = NULL, last_error = NULL, missing_days = NULL,
    missing_on = NULL;
