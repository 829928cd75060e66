-- A filing by its accession number, with the CIK of its folder.
SELECT
    id, accession, form, filed_on, report_date, accepted_at, primary_document, items, size, is_xbrl,
    folder
FROM filings
WHERE accession = ?1;
