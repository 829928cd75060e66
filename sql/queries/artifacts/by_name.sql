-- Finds a file of a filing by its name. The column's collation ignores case.
SELECT id, status, bytes, sha256, missing_days, missing_on
FROM artifacts
WHERE filing = ?1 AND name = ?2;
