-- A submission that was queued because files of it were lost is split again once none of them is missing.
UPDATE submissions
SET status = 'split', error_kind = NULL, last_error = NULL, missing_days = NULL, missing_on = NULL
WHERE filing = ?1 AND split_at IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM artifacts AS a
        WHERE a.filing = ?1 AND a.status IN ('pending', 'failed')
    );
