-- What a run counted.
SELECT name, value FROM run_counts WHERE run_id = ?1;
