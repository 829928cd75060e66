-- Records the end of a run.
UPDATE runs
SET status = ?2, ended_at = ?3, ended_by = ?4, through = ?5, paused_until = NULL
WHERE id = ?1;
