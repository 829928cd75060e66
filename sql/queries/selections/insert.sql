-- Inserts a selection.
INSERT INTO selections (exchanges, ciks, criteria, forms, since, until, artifacts, followed, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);
