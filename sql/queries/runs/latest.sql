-- The run that began last: the one that `monitor` watches, if it is going on.
SELECT
    id, command, status, started_at, ended_at, heartbeat_at, pid,
    paused_s, paused_until, rate_limit
FROM runs
WHERE id = (SELECT max(id) FROM runs);
