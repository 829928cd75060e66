-- The files of a filing that were stored once and are queued again.
SELECT kind, name, url_name
FROM artifacts
WHERE filing = ?1 AND status IN ('pending', 'failed') AND sha256 IS NOT NULL;
