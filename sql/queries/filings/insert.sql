-- Inserts a filing. Its folder never changes afterwards.
INSERT INTO filings (
    accession, folder, form, filed_on, report_date, accepted_at, primary_document, items, size,
    is_xbrl, discovered_at
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);
