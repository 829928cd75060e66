-- The forms of all runs, and whether a backfill was among them: what the times at which companies
-- were looked at tell about.
SELECT json_extract(options, '$.forms'), max(command = 'backfill')
FROM runs
WHERE json_extract(options, '$.forms') IS NOT NULL
GROUP BY 1;
