-- The next filings of company ?1 after id ?2, filed from ?3 to ?4.
SELECT
    f.id, f.accession, f.form, f.filed_on, f.report_date, f.accepted_at, f.primary_document,
    f.items, f.size, f.is_xbrl
FROM filers AS r
CROSS JOIN filings AS f ON f.id = r.filing
WHERE r.cik = ?1 AND r.filing > ?2 AND f.filed_on BETWEEN ?3 AND ?4
ORDER BY r.filing
LIMIT ?5;
