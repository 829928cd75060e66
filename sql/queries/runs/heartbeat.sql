-- How the run is doing; `monitor` draws its dashboard from this and the run's counts.
UPDATE runs
SET heartbeat_at = ?2, paused_s = ?3, paused_until = ?4, rate_limit = ?5
WHERE id = ?1;
