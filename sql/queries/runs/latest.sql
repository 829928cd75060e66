-- The run that started last, which `monitor` watches while it is running.
SELECT
    id, command, status, started_at, ended_at, heartbeat_at, pid, through,
    paused_s, paused_until, rate_limit
FROM runs
WHERE id = (SELECT max(id) FROM runs);
