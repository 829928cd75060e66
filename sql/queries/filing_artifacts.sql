-- How many artifacts a filing has; the difference tells how many a split added.
SELECT count(*)
FROM artifacts
WHERE accession = ?1 AND cik IN (SELECT cik FROM owners WHERE accession = ?1);
