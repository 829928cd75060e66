-- The filings from day ?1 to day ?2, those of the folder's filer of v_filings.
-- It loops over the companies and looks up the days of each in the index. So the rows are in the order of the file,
-- without a sort and without reading other years. ?3 is a JSON list of forms, ?4 one of companies; NULL is all.
SELECT
    f.accession, c.cik, f.form, f.filed_on, f.report_date, f.accepted_at, f.primary_document,
    f.items, f.size, f.is_xbrl, f.discovered_at
FROM companies AS c
CROSS JOIN filings AS f INDEXED BY filings_by_folder ON f.folder = c.cik
WHERE f.filed_on BETWEEN ?1 AND ?2
    AND (?3 IS NULL OR f.form IN (SELECT value FROM json_each(?3)))
    AND (
        ?4 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS x
            WHERE x.filing = f.id AND +x.cik IN (SELECT value FROM json_each(?4))
        )
    )
ORDER BY c.cik, f.filed_on, f.id;
