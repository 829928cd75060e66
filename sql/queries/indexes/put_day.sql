-- Records the status of the index of day ?1 as of the day ?3. An unchanged status keeps its
-- `since`. If that lies after ?3, a clock was ahead, and `since` becomes ?3.
INSERT INTO index_days (day, status, since) VALUES (?1, ?2, ?3)
ON CONFLICT (day) DO UPDATE
SET
    since = CASE WHEN status = excluded.status THEN min(since, excluded.since) ELSE excluded.since END,
    status = excluded.status;
