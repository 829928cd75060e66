-- The last errors of a run, newest first.
SELECT message FROM errors WHERE run_id = ?1 ORDER BY id DESC LIMIT ?2;
