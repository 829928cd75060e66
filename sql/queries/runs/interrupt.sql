-- Marks killed runs as interrupted. The process that starts a run holds the run lock, so any other
-- run that is still `running` was killed. It ended no earlier than its last heartbeat.
UPDATE runs
SET status = 'interrupted', ended_at = heartbeat_at, paused_until = NULL
WHERE status = 'running';
