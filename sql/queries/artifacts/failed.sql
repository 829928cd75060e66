-- Every try of a run failed. What it was before, if it was ever stored, stays on record.
UPDATE artifacts
SET status = ?2, attempts = attempts + ?3, error_kind = ?4, last_error = ?5, missing_days = ?6,
    missing_on = ?7
WHERE id = ?1;
