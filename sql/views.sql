-- The public schema: what users may rely on. Columns are only ever added, at the end of a view.
-- Dropped and created anew whenever this text differs from the one the database was last opened with.

DROP VIEW IF EXISTS v_companies;
CREATE VIEW v_companies AS
SELECT cik, name, ticker, exchange, active, filings, last_checked_at
FROM companies;

DROP VIEW IF EXISTS v_listings;
CREATE VIEW v_listings AS
SELECT cik, ticker, exchange, active
FROM listings;

DROP VIEW IF EXISTS v_filings;
CREATE VIEW v_filings AS
SELECT
    printf('%010d-%02d-%06d', accession / 100000000, accession / 1000000 % 100, accession % 1000000) AS accession,
    cik,
    form,
    filed_on,
    report_date,
    accepted_at,
    primary_document,
    items,
    size,
    is_xbrl,
    discovered_at
FROM filings;

DROP VIEW IF EXISTS v_artifacts;
CREATE VIEW v_artifacts AS
SELECT
    a.id,
    printf(
        '%010d-%02d-%06d', a.accession / 100000000, a.accession / 1000000 % 100, a.accession % 1000000
    ) AS accession,
    a.cik,
    f.form,
    f.filed_on,
    CASE a.kind
        WHEN 0 THEN 'primary'
        WHEN 1 THEN 'submission'
        WHEN 2 THEN 'exhibit'
        WHEN 3 THEN 'graphic'
        WHEN 4 THEN 'xbrl'
        WHEN 5 THEN 'pdf'
        WHEN 6 THEN 'other'
        WHEN 7 THEN 'documents'
    END AS kind,
    a.name,
    coalesce((SELECT value FROM meta WHERE key = 'archives_url'), 'https://www.sec.gov')
        || '/Archives/edgar/data/' || a.cik || '/' || printf('%018d', a.accession)
        || '/' || coalesce(a.encoded_name, a.name) AS url,
    CASE a.status WHEN 0 THEN 'pending' WHEN 1 THEN 'downloaded' WHEN 2 THEN 'failed' END AS status,
    CASE
        WHEN a.status = 1
            THEN 'edgar/data/' || a.cik || '/' || printf('%018d', a.accession) || '/' || a.name
    END AS path,
    a.bytes,
    CASE WHEN a.sha256 IS NOT NULL THEN lower(hex(a.sha256)) END AS sha256,
    a.attempts,
    a.last_error,
    a.downloaded_at,
    a.type,
    a.sequence,
    a.description
FROM artifacts AS a
JOIN filings AS f ON f.cik = a.cik AND f.accession = a.accession;

DROP VIEW IF EXISTS v_runs;
CREATE VIEW v_runs AS
SELECT
    id,
    command,
    status,
    started_at,
    ended_at,
    options,
    companies_total,
    companies_done,
    companies_with_new,
    filings_found,
    artifacts_created,
    downloads_ok,
    downloads_failed,
    requests,
    bytes,
    paused_seconds
FROM runs;

DROP VIEW IF EXISTS v_errors;
CREATE VIEW v_errors AS
SELECT
    run_id,
    occurred_at,
    cik,
    CASE
        WHEN accession IS NOT NULL THEN printf(
            '%010d-%02d-%06d', accession / 100000000, accession / 1000000 % 100, accession % 1000000
        )
    END AS accession,
    url,
    kind,
    message
FROM errors;
