-- Every selection on record: a few.
SELECT id, exchanges, ciks, forms, since, until, artifacts, followed, through, sic
FROM selections
ORDER BY id;
