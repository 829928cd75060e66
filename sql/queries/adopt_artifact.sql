-- A run takes over a filing that is queued for another company it was filed by, which the run is
-- not about: all its files belong to the queue of the company that found it again. Where the first
-- of them is stored, the others belong, too.
UPDATE artifacts
SET cik = ?2
WHERE accession = ?1 AND cik <> ?2
    AND cik = (
        SELECT cik FROM artifacts
        WHERE accession = ?1 AND name = ?3
            AND cik IN (SELECT cik FROM owners WHERE accession = ?1)
    )
    AND NOT EXISTS (
        SELECT 1 FROM artifacts AS stored
        WHERE stored.cik = artifacts.cik AND stored.accession = ?1 AND stored.status = 1
    );
