-- Keeps the errors of the last 100 runs, so that the table does not grow without bound. With fewer
-- runs the subquery is NULL, which deletes nothing.
DELETE FROM errors
WHERE run_id <= (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET 100);
