-- v_artifacts of the filings from day ?1 to day ?2. Of its `url` and `path`, it returns the names at the end.
-- It loops over the companies and looks up the days of each in the index. So the rows are in the order of the file,
-- without a sort and without reading other years. ?3 is a JSON list of forms, ?4 one of companies; NULL is all.
SELECT
    a.id,
    f.accession,
    c.cik,
    f.form,
    f.filed_on,
    a.kind,
    a.name,
    coalesce(a.url_name, a.name),
    a.status,
    CASE WHEN a.status = 'downloaded' THEN a.name END,
    a.bytes,
    a.sha256,
    a.attempts,
    a.last_error,
    a.downloaded_at,
    a.type,
    a.sequence,
    a.description,
    f.id AS filing
FROM companies AS c
CROSS JOIN filings AS f INDEXED BY filings_by_folder ON f.folder = c.cik
CROSS JOIN artifacts AS a ON a.filing = f.id
WHERE f.filed_on BETWEEN ?1 AND ?2
    AND (?3 IS NULL OR f.form IN (SELECT value FROM json_each(?3)))
    AND (
        ?4 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS x
            WHERE x.filing = f.id AND +x.cik IN (SELECT value FROM json_each(?4))
        )
    )
UNION ALL
SELECT
    NULL,
    f.accession,
    c.cik,
    f.form,
    f.filed_on,
    'documents',
    NULL,
    f.accession || '.txt',
    s.status,
    NULL,
    NULL,
    NULL,
    s.attempts,
    s.last_error,
    NULL,
    NULL,
    NULL,
    NULL,
    f.id
FROM companies AS c
CROSS JOIN filings AS f INDEXED BY filings_by_folder ON f.folder = c.cik
CROSS JOIN submissions AS s ON s.filing = f.id
WHERE f.filed_on BETWEEN ?1 AND ?2 AND s.status <> 'split'
    AND (?3 IS NULL OR f.form IN (SELECT value FROM json_each(?3)))
    AND (
        ?4 IS NULL
        OR EXISTS (
            SELECT 1 FROM filers AS x
            WHERE x.filing = f.id AND +x.cik IN (SELECT value FROM json_each(?4))
        )
    )
ORDER BY 3, 5, 19;
