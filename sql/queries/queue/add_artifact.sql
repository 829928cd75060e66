-- Queues a file that has no row yet.
INSERT INTO artifacts (filing, name, url_name, kind, status, queued_by)
VALUES (?1, ?2, ?3, ?4, 'pending', ?5);
