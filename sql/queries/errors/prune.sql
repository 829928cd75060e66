-- Keeps the errors of the last 100 runs, so that a nightly job does not grow for ever.
-- No hundredth run back means NULL, which deletes nothing.
DELETE FROM errors
WHERE run_id <= (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET 100);
