-- Updates a filing whose data EDGAR corrected.
UPDATE filings
SET form = ?2, filed_on = ?3, report_date = ?4, primary_document = ?5, items = ?6, size = ?7,
    is_xbrl = ?8
WHERE id = ?1;
