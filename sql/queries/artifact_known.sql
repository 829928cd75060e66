-- Whether a file is on record, perhaps under another company of a joint filing. The two parts of
-- `owners` stand here by themselves, because a list of both would be made anew for each file.
SELECT EXISTS (
    SELECT 1
    FROM owners_recent AS o
    CROSS JOIN artifacts AS a ON a.cik = o.cik AND a.accession = o.accession
    WHERE o.accession = ?1 AND a.name = ?2
)
OR EXISTS (
    SELECT 1
    FROM owners_settled AS o
    CROSS JOIN artifacts AS a ON a.cik = o.cik AND a.accession = o.accession
    WHERE o.accession = ?1 AND a.name = ?2
);
