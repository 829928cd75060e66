-- Marks a file as downloaded: it is on disk under its final name, complete and checked.
UPDATE artifacts
SET status = 'downloaded', bytes = ?2, sha256 = ?3, attempts = attempts + ?4, downloaded_at = ?5,
    type = coalesce(?6, type), sequence = coalesce(?7, sequence),
    description = coalesce(?8, description), error_kind = NULL, last_error = NULL,
    missing_days = NULL, missing_on = NULL
WHERE id = ?1;
