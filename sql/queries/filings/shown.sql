-- The filings of a company filed from ?2 to ?3, newest first, each with its primary document or
-- else its submission.
SELECT
    f.accession, f.form, f.filed_on, f.report_date,
    CASE
        WHEN a.status = 'downloaded'
            THEN 'edgar/data/' || f.folder || '/' || replace(f.accession, '-', '') || '/' || a.name
    END,
    a.status
FROM filers AS r
CROSS JOIN filings AS f ON f.id = r.filing
LEFT JOIN artifacts AS a ON a.id = (
    SELECT one.id FROM artifacts AS one
    WHERE one.filing = f.id AND one.kind IN ('primary', 'submission')
    ORDER BY one.kind, one.id
    LIMIT 1
)
WHERE r.cik = ?1 AND f.filed_on BETWEEN ?2 AND ?3
ORDER BY f.filed_on DESC, f.accession DESC;
