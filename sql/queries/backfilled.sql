-- The forms of which a backfill was ever begun: then the times at which companies were looked at
-- tell something about these forms.
SELECT DISTINCT json_extract(options, '$.forms')
FROM runs
WHERE command = 'backfill' AND json_extract(options, '$.forms') IS NOT NULL;
