-- Every selection on record. There are few.
SELECT id, exchanges, ciks, forms, since, until, artifacts, followed, through, criteria
FROM selections
ORDER BY id;
