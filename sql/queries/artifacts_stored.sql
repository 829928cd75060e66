-- The next files that are on disk, in the order of the table: ten million rows without a sort,
-- and without a cursor that stays open.
SELECT id, accession, cik, name, bytes, sha256
FROM artifacts
WHERE id > ?1 AND status = 1
ORDER BY id
LIMIT ?2;
