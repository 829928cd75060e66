-- The next filings after ?1, each with all its filers on record (a JSON list).
SELECT
    f.id, f.accession, f.form, f.filed_on, f.report_date, f.accepted_at, f.primary_document, f.items,
    f.size, f.is_xbrl, f.folder,
    (SELECT json_group_array(r.cik) FROM filers AS r WHERE r.filing = f.id)
FROM filings AS f
WHERE f.id > ?1
ORDER BY f.id
LIMIT ?2;
