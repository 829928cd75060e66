-- Inserts a row of `v_errors`.
INSERT INTO errors (run_id, occurred_at, cik, accession, url, kind, message)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);
