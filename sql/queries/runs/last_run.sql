-- The run that started last. That of `text` is about one file and tells nothing of the others.
SELECT id, command, status, started_at, ended_at
FROM runs
WHERE command <> 'text'
ORDER BY id DESC
LIMIT 1;
