-- Sets one counter of a run.
INSERT INTO run_counts (run_id, name, value) VALUES (?1, ?2, ?3)
ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value;
