-- Records that the run is alive. `monitor` shows these columns and the run's counters.
UPDATE runs
SET heartbeat_at = ?2, paused_s = ?3, paused_until = ?4, rate_limit = ?5
WHERE id = ?1;
