-- A run takes over a file that is queued for another company of a joint filing, which the run is
-- not about: from now on it belongs to the queue of the company that found it again.
UPDATE artifacts
SET cik = ?2
WHERE accession = ?1 AND name = ?3 AND cik <> ?2 AND status <> 1
    AND cik IN (SELECT cik FROM owners WHERE accession = ?1);
