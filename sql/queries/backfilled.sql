-- Whether a backfill of one of these sets of forms (a JSON list) was ever begun: then the times
-- at which companies were looked at tell something about these forms.
SELECT EXISTS (
    SELECT 1
    FROM runs
    WHERE command = 'backfill'
        AND json_extract(options, '$.forms') IN (SELECT value FROM json_each(?1))
);
