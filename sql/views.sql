-- The public schema. New columns are only added at the end of a view. The views are dropped and
-- created again when this file differs from the version that the database was last opened with.
--
-- SQLite and DuckDB must give the same results. So there is no `/`, which divides integers only in
-- SQLite, no printf, and `nullif` around `hex`, which turns NULL into the empty text only in
-- SQLite.

DROP VIEW IF EXISTS v_companies;
CREATE VIEW v_companies AS
SELECT
    cik,
    name,
    ticker,
    exchange,
    active,
    filings,
    last_checked_at,
    nullif(sic, '') AS sic,
    nullif(industry, '') AS industry,
    nullif(state, '') AS state,
    nullif(fiscal_year_end, '') AS fiscal_year_end,
    nullif(entity_type, '') AS entity_type,
    nullif(ein, '') AS ein,
    etf
FROM companies;

DROP VIEW IF EXISTS v_company_names;
CREATE VIEW v_company_names AS
SELECT cik, name, since, until FROM company_names;

DROP VIEW IF EXISTS v_listings;
CREATE VIEW v_listings AS
SELECT
    cik,
    ticker,
    exchange,
    active,
    first_seen,
    CASE
        WHEN active = 1
            THEN (SELECT substr(m.value, 1, 10) FROM meta AS m WHERE m.key = 'companies_synced_at')
        ELSE last_seen
    END AS last_seen,
    etf
FROM listings;

-- One row per filing and filer: a joint filing has one row for each of its filers.
DROP VIEW IF EXISTS v_filings;
CREATE VIEW v_filings AS
SELECT
    f.accession,
    r.cik,
    f.form,
    f.filed_on,
    f.report_date,
    f.accepted_at,
    f.primary_document,
    f.items,
    f.size,
    f.is_xbrl,
    f.discovered_at,
    f.folder
FROM filers AS r
JOIN filings AS f ON f.id = r.filing;

-- One row per distinct file, however many filers the filing has. A submission that is not split yet
-- has one row of kind `documents`, because the names of its documents are not known.
DROP VIEW IF EXISTS v_artifacts;
CREATE VIEW v_artifacts AS
SELECT
    a.id,
    f.accession,
    f.folder AS cik,
    f.form,
    f.filed_on,
    a.kind,
    a.name,
    coalesce((SELECT m.value FROM meta AS m WHERE m.key = 'archives_url'), 'https://www.sec.gov')
        || '/Archives/edgar/data/' || f.folder || '/' || replace(f.accession, '-', '')
        || '/' || coalesce(a.url_name, a.name) AS url,
    a.status,
    CASE
        WHEN a.status = 'downloaded'
            THEN 'edgar/data/' || f.folder || '/' || replace(f.accession, '-', '') || '/' || a.name
    END AS path,
    a.bytes,
    nullif(lower(hex(a.sha256)), '') AS sha256,
    a.attempts,
    a.last_error,
    a.downloaded_at,
    a.type,
    a.sequence,
    a.description
FROM artifacts AS a
JOIN filings AS f ON f.id = a.filing
UNION ALL
SELECT
    NULL,
    f.accession,
    f.folder,
    f.form,
    f.filed_on,
    'documents',
    NULL,
    coalesce((SELECT m.value FROM meta AS m WHERE m.key = 'archives_url'), 'https://www.sec.gov')
        || '/Archives/edgar/data/' || f.folder || '/' || replace(f.accession, '-', '')
        || '/' || f.accession || '.txt',
    s.status,
    NULL,
    NULL,
    NULL,
    s.attempts,
    s.last_error,
    NULL,
    NULL,
    NULL,
    NULL
FROM submissions AS s
JOIN filings AS f ON f.id = s.filing
WHERE s.status <> 'split';

-- One row per filer and file, for queries by ticker, CIK or accession number.
DROP VIEW IF EXISTS v_documents;
CREATE VIEW v_documents AS
SELECT
    c.cik,
    c.ticker,
    c.name AS company,
    c.exchange,
    f.form,
    f.filed_on,
    f.report_date,
    f.accession,
    a.kind,
    a.type,
    a.name,
    CASE
        WHEN a.status = 'downloaded'
            THEN 'edgar/data/' || f.folder || '/' || replace(f.accession, '-', '') || '/' || a.name
    END AS path,
    coalesce((SELECT m.value FROM meta AS m WHERE m.key = 'archives_url'), 'https://www.sec.gov')
        || '/Archives/edgar/data/' || f.folder || '/' || replace(f.accession, '-', '')
        || '/' || coalesce(a.url_name, a.name) AS url,
    a.bytes,
    nullif(lower(hex(a.sha256)), '') AS sha256,
    a.status
FROM companies AS c
JOIN filers AS r ON r.cik = c.cik
JOIN filings AS f ON f.id = r.filing
JOIN artifacts AS a ON a.filing = f.id;

DROP VIEW IF EXISTS v_selections;
CREATE VIEW v_selections AS
SELECT
    w.id,
    CASE
        WHEN w.ciks IS NOT NULL AND w.exchanges IS NOT NULL THEN w.exchanges || ' ' || w.ciks
        ELSE coalesce(w.ciks, w.exchanges, 'all')
    END AS companies,
    w.forms,
    w.since,
    w.until,
    w.artifacts,
    w.followed,
    w.through,
    (SELECT count(*) FROM selection_companies AS m WHERE m.selection = w.id) AS companies_total,
    (
        SELECT count(*) FROM selection_companies AS m
        WHERE m.selection = w.id AND m.checked_at IS NOT NULL
    ) AS companies_checked,
    w.created_at,
    nullif(w.criteria ->> '$.sic', '[]') AS sic
FROM selections AS w;

DROP VIEW IF EXISTS v_runs;
CREATE VIEW v_runs AS
SELECT
    r.id AS run_id,
    r.command,
    r.status,
    r.started_at,
    r.ended_at,
    r.options,
    max(CASE WHEN c.name = 'companies_total' THEN c.value ELSE 0 END) AS companies_total,
    max(CASE WHEN c.name = 'companies_done' THEN c.value ELSE 0 END) AS companies_done,
    max(CASE WHEN c.name = 'companies_with_new' THEN c.value ELSE 0 END) AS companies_with_new,
    max(CASE WHEN c.name = 'filings_found' THEN c.value ELSE 0 END) AS filings_found,
    max(CASE WHEN c.name = 'artifacts_created' THEN c.value ELSE 0 END) AS artifacts_created,
    max(CASE WHEN c.name = 'downloaded' THEN c.value ELSE 0 END) AS downloaded,
    max(CASE WHEN c.name = 'failed' THEN c.value ELSE 0 END) AS failed,
    max(CASE WHEN c.name = 'requests' THEN c.value ELSE 0 END) AS requests,
    max(CASE WHEN c.name = 'bytes' THEN c.value ELSE 0 END) AS bytes,
    r.paused_s,
    r.ended_by,
    r.through,
    max(CASE WHEN c.name = 'filings_new' THEN c.value ELSE 0 END) AS filings_new,
    max(CASE WHEN c.name = 'companies_failed' THEN c.value ELSE 0 END) AS companies_failed,
    max(CASE WHEN c.name = 'retries' THEN c.value ELSE 0 END) AS retries,
    max(CASE WHEN c.name = 'unavailable' THEN c.value ELSE 0 END) AS unavailable,
    max(CASE WHEN c.name = 'companies_unavailable' THEN c.value ELSE 0 END) AS companies_unavailable
FROM runs AS r
LEFT JOIN run_counts AS c ON c.run_id = r.id
-- DuckDB wants every other column here.
GROUP BY
    r.id, r.command, r.status, r.started_at, r.ended_at, r.options, r.paused_s, r.ended_by, r.through;

DROP VIEW IF EXISTS v_errors;
CREATE VIEW v_errors AS
SELECT run_id, occurred_at, cik, accession, url, kind, message
FROM errors;
