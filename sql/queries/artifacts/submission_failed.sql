-- All attempts of a run failed.
UPDATE submissions
SET status = ?2, attempts = attempts + ?3, error_kind = ?4, last_error = ?5, missing_days = ?6,
    missing_on = ?7
WHERE filing = ?1;
