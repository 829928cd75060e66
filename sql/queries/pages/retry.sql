-- Resets the missing days of the older pages of the companies ?1 (a JSON list), so that a run requests them
-- again. The digits in the name of a page, CIK##########-submissions-001.json, are the CIK.
DELETE FROM pages_missing
WHERE CAST(substr(name, 4, 10) AS INTEGER) IN (SELECT value FROM json_each(?1));
