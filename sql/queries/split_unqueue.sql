-- The documents are there: what stood for them in the queue goes.
DELETE FROM artifacts
WHERE accession = ?1 AND name = ?2 AND kind = ?3
    AND cik IN (SELECT cik FROM owners WHERE accession = ?1);
