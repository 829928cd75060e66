-- Records the start of a run.
INSERT INTO runs (command, status, started_at, heartbeat_at, pid, options)
VALUES (?1, 'running', ?2, ?3, ?4, ?5);
