-- Resets the missing days of the companies ?1 (a JSON list), so that a run requests them again.
UPDATE companies SET missing_days = 0, missing_on = NULL
WHERE missing_days > 0 AND cik IN (SELECT value FROM json_each(?1));
