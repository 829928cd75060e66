-- What was found of the index of day ?1 on the day ?3. A clock may have been ahead.
INSERT INTO index_days (day, status, since) VALUES (?1, ?2, ?3)
ON CONFLICT (day) DO UPDATE
SET
    since = CASE WHEN status = excluded.status THEN min(since, excluded.since) ELSE excluded.since END,
    status = excluded.status;
