-- Whoever starts a run holds the run lock, so a run that still says `running` was killed. It ended
-- no earlier than its last heartbeat.
UPDATE runs
SET status = 'interrupted', ended_at = heartbeat_at, paused_until = NULL
WHERE status = 'running';
