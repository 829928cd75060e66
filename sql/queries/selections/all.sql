-- Every selection on record: a few.
SELECT id, exchanges, ciks, forms, since, until, artifacts, followed, through
FROM selections
ORDER BY id;
