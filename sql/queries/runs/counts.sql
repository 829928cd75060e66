-- The counters of a run.
SELECT name, value FROM run_counts WHERE run_id = ?1;
