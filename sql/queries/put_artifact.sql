-- Queues a file. One that is known, perhaps under another company of a joint filing, stays as it is.
-- The two parts of `owners` stand here by themselves, because a list of both would be made anew for
-- each row. FAIL as in artifact_downloaded.sql.
INSERT OR FAIL INTO artifacts (accession, cik, kind, name, encoded_name)
SELECT ?1, ?2, ?3, ?4, ?5
WHERE NOT EXISTS (
    SELECT 1
    FROM owners_recent AS o
    CROSS JOIN artifacts AS a ON a.cik = o.cik AND a.accession = o.accession
    WHERE o.accession = ?1 AND a.name = ?4
)
AND NOT EXISTS (
    SELECT 1
    FROM owners_settled AS o
    CROSS JOIN artifacts AS a ON a.cik = o.cik AND a.accession = o.accession
    WHERE o.accession = ?1 AND a.name = ?4
);
