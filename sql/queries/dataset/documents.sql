-- The files that are stored, of the filings from day ?1 to day ?2.
-- It loops over the companies and looks up the days of each in the index, without reading other years. Only the
-- files of one company and day are sorted. ?3 is a JSON list of forms, ?4 one of companies; NULL is all.
SELECT
    a.id, f.accession, c.cik, f.form, f.filed_on, f.items, a.kind, a.name, a.url_name, a.type,
    a.sequence, a.bytes, a.sha256
FROM companies AS c
CROSS JOIN filings AS f INDEXED BY filings_by_folder ON f.folder = c.cik
CROSS JOIN artifacts AS a ON a.filing = f.id
WHERE f.filed_on BETWEEN ?1 AND ?2 AND a.status = 'downloaded'
    AND (?3 IS NULL OR f.form IN (SELECT value FROM json_each(?3)))
    AND (
        ?4 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS x
            WHERE x.filing = f.id AND +x.cik IN (SELECT value FROM json_each(?4))
        )
    )
ORDER BY c.cik, f.filed_on, f.accession, a.name;
