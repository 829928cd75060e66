-- The run that started last.
SELECT id, command, status, started_at, ended_at FROM runs ORDER BY id DESC LIMIT 1;
