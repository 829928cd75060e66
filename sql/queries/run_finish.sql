-- The run's last word.
UPDATE runs
SET status = ?2, ended_at = ?3,
    companies_in_progress = 0, paused_until = NULL
WHERE id = ?1;
