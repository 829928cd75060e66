-- The last runs, newest first.
SELECT
    id, command, status, started_at, ended_at, heartbeat_at, pid, through,
    paused_s, paused_until, rate_limit
FROM runs
ORDER BY id DESC
LIMIT ?1;
