-- A run begins. From now on its heartbeat tells other processes how it is doing.
INSERT INTO runs (command, status, started_at, heartbeat_at, pid, options)
VALUES (?1, 'running', ?2, ?3, ?4, ?5);
