-- The number of errors of a run, by kind.
SELECT kind, count(*) FROM errors WHERE run_id = ?1 GROUP BY kind ORDER BY kind;
