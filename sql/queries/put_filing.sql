-- Records a filing of a company. A row that says what we know writes nothing, which is what a
-- nightly run over a complete database lives on. `accepted_at` alone is no change: EDGAR
-- flips it between UTC and New York time. FAIL as in artifact_downloaded.sql.
INSERT OR FAIL INTO filings (
    cik, accession, form, filed_on, report_date, accepted_at,
    primary_document, items, size, is_xbrl, discovered_at
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (cik, accession) DO UPDATE
SET form = excluded.form,
    filed_on = excluded.filed_on,
    report_date = excluded.report_date,
    accepted_at = excluded.accepted_at,
    primary_document = excluded.primary_document,
    items = excluded.items,
    size = excluded.size,
    is_xbrl = excluded.is_xbrl
WHERE (form, filed_on, report_date, primary_document, items, size, is_xbrl)
    IS NOT (
        excluded.form, excluded.filed_on, excluded.report_date, excluded.primary_document,
        excluded.items, excluded.size, excluded.is_xbrl
    );
