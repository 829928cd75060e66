-- The first schema. Append-only: once released, a migration is never edited; a change is a new file.
--
-- Tables are private; the public schema is sql/views.sql. Times are RFC 3339 UTC text with
-- milliseconds, dates YYYY-MM-DD text, accession numbers their 18 digits as one integer.

-- Small facts about this database: archives_url, companies_synced_at, views (hash of views.sql).
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a CIK that was ever in the universe. `ticker` and `exchange` are its primary listing,
-- the last known one once it is inactive. The last five columns are counters that the triggers
-- below keep exact: a count over ten million artifacts takes seconds, and `stats` has 0.2.
CREATE TABLE companies (
    cik             INTEGER PRIMARY KEY,
    name            TEXT NOT NULL,
    ticker          TEXT,
    exchange        TEXT,
    active          INTEGER NOT NULL DEFAULT 1,
    last_checked_at TEXT,
    filings         INTEGER NOT NULL DEFAULT 0,
    pending         INTEGER NOT NULL DEFAULT 0,
    downloaded      INTEGER NOT NULL DEFAULT 0,
    failed          INTEGER NOT NULL DEFAULT 0,
    bytes           INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE listings (
    cik      INTEGER NOT NULL REFERENCES companies (cik),
    ticker   TEXT NOT NULL,
    exchange TEXT,
    position INTEGER NOT NULL, -- 0 is the primary listing
    active   INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (cik, ticker)
) STRICT, WITHOUT ROWID;

-- A ticker belongs to one company at a time.
CREATE UNIQUE INDEX listings_by_ticker ON listings (ticker) WHERE active = 1;

-- One row per filing and filer, so a joint filing has several. Clustered by company because that
-- is how rows arrive and are asked for: 1M rows went in at 380,000 a second, against 40,000 with
-- one row a filing keyed by accession, where each row falls on a page of its own. The price is
-- the repeated rows of joint filings: 1% for companies with a ticker (measured on 4.0M rows).
CREATE TABLE filings (
    cik              INTEGER NOT NULL REFERENCES companies (cik),
    accession        INTEGER NOT NULL,
    form             TEXT NOT NULL,
    filed_on         TEXT NOT NULL,
    report_date      TEXT,
    accepted_at      TEXT NOT NULL,
    primary_document TEXT NOT NULL,
    items            TEXT NOT NULL,
    size             INTEGER,
    is_xbrl          INTEGER NOT NULL,
    discovered_at    TEXT NOT NULL,
    PRIMARY KEY (cik, accession)
) STRICT, WITHOUT ROWID;

-- One row per distinct file, however many companies share the filing. `cik` is the filer it was
-- first discovered under: its folder is where we ask for the file and where we keep it.
CREATE TABLE artifacts (
    id            INTEGER PRIMARY KEY,
    accession     INTEGER NOT NULL,
    cik           INTEGER NOT NULL,
    kind          INTEGER NOT NULL,
    status        INTEGER NOT NULL DEFAULT 0, -- 0 pending, 1 downloaded, 2 failed
    attempts      INTEGER NOT NULL DEFAULT 0,
    bytes         INTEGER,
    name          TEXT NOT NULL,
    encoded_name  TEXT, -- the name within a URL, where percent-encoding changes it
    sha256        BLOB,
    last_error    TEXT,
    downloaded_at TEXT,
    UNIQUE (accession, name),
    FOREIGN KEY (cik, accession) REFERENCES filings (cik, accession)
) STRICT;

-- The queue. It shrinks as files arrive, so that a complete database has next to nothing in it.
CREATE INDEX artifacts_queue ON artifacts (cik, id) WHERE status <> 1;

-- Older pages of submissions that were read, as EDGAR described them then and for which filings: a
-- page that has not changed holds no news. The name (`CIK##########-submissions-NNN.json`) tells
-- the company.
CREATE TABLE older_pages (
    name     TEXT PRIMARY KEY,
    filings  INTEGER NOT NULL,
    first_on TEXT NOT NULL,
    last_on  TEXT NOT NULL,
    forms    TEXT NOT NULL,
    since    TEXT NOT NULL,
    until    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id                    INTEGER PRIMARY KEY,
    command               TEXT NOT NULL,
    status                TEXT NOT NULL
        CHECK (status IN ('running', 'completed', 'partial', 'failed', 'interrupted')),
    started_at            TEXT NOT NULL,
    ended_at              TEXT,
    heartbeat_at          TEXT NOT NULL,
    pid                   INTEGER NOT NULL,
    options               TEXT NOT NULL,
    companies_total       INTEGER NOT NULL DEFAULT 0,
    companies_done        INTEGER NOT NULL DEFAULT 0,
    companies_with_new    INTEGER NOT NULL DEFAULT 0,
    companies_unchanged   INTEGER NOT NULL DEFAULT 0,
    companies_failed      INTEGER NOT NULL DEFAULT 0,
    companies_in_progress INTEGER NOT NULL DEFAULT 0,
    filings_found         INTEGER NOT NULL DEFAULT 0,
    filings_new           INTEGER NOT NULL DEFAULT 0,
    artifacts_created     INTEGER NOT NULL DEFAULT 0,
    artifacts_queued      INTEGER NOT NULL DEFAULT 0,
    downloads_ok          INTEGER NOT NULL DEFAULT 0,
    downloads_failed      INTEGER NOT NULL DEFAULT 0,
    requests              INTEGER NOT NULL DEFAULT 0,
    requests_companies    INTEGER NOT NULL DEFAULT 0,
    requests_discovery    INTEGER NOT NULL DEFAULT 0,
    requests_documents    INTEGER NOT NULL DEFAULT 0,
    retries               INTEGER NOT NULL DEFAULT 0,
    bytes                 INTEGER NOT NULL DEFAULT 0,
    paused_seconds        REAL NOT NULL DEFAULT 0,
    paused_until          TEXT,
    rate_limit            INTEGER -- requests per second; NULL is no limit
) STRICT;

-- `cik` and `accession` are what the error was about, known to us or not: no foreign keys.
CREATE TABLE errors (
    id          INTEGER PRIMARY KEY,
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    occurred_at TEXT NOT NULL,
    cik         INTEGER,
    accession   INTEGER,
    url         TEXT,
    kind        TEXT NOT NULL,
    message     TEXT NOT NULL
) STRICT;

CREATE INDEX errors_by_run ON errors (run_id);

-- What `stats` shows by form and year, kept by the triggers below.
CREATE TABLE filing_counts (
    form    TEXT NOT NULL,
    year    INTEGER NOT NULL,
    filings INTEGER NOT NULL,
    PRIMARY KEY (form, year)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact_counts (
    form      TEXT NOT NULL,
    year      INTEGER NOT NULL,
    status    INTEGER NOT NULL,
    artifacts INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    PRIMARY KEY (form, year, status)
) STRICT, WITHOUT ROWID;

-- Triggers, so that no statement can forget a counter. Nothing deletes filings or artifacts.
CREATE TRIGGER filings_added AFTER INSERT ON filings BEGIN
    UPDATE companies SET filings = filings + 1 WHERE cik = new.cik;
    INSERT INTO filing_counts (form, year, filings)
    VALUES (new.form, CAST(substr(new.filed_on, 1, 4) AS INTEGER), 1)
    ON CONFLICT (form, year) DO UPDATE SET filings = filings + 1;
END;

-- EDGAR corrected the form or the year of a filing: its counts move along.
CREATE TRIGGER filings_moved AFTER UPDATE OF form, filed_on ON filings
WHEN old.form <> new.form OR substr(old.filed_on, 1, 4) <> substr(new.filed_on, 1, 4)
BEGIN
    UPDATE filing_counts SET filings = filings - 1
    WHERE form = old.form AND year = CAST(substr(old.filed_on, 1, 4) AS INTEGER);

    INSERT INTO filing_counts (form, year, filings)
    VALUES (new.form, CAST(substr(new.filed_on, 1, 4) AS INTEGER), 1)
    ON CONFLICT (form, year) DO UPDATE SET filings = filings + 1;

    UPDATE artifact_counts
    SET artifacts = artifacts - moved.n, bytes = bytes - moved.total
    FROM (
        SELECT status, count(*) AS n, coalesce(sum(bytes), 0) AS total
        FROM artifacts
        WHERE accession = old.accession AND cik = old.cik
        GROUP BY status
    ) AS moved
    WHERE artifact_counts.form = old.form
        AND artifact_counts.year = CAST(substr(old.filed_on, 1, 4) AS INTEGER)
        AND artifact_counts.status = moved.status;

    INSERT INTO artifact_counts (form, year, status, artifacts, bytes)
    SELECT new.form, CAST(substr(new.filed_on, 1, 4) AS INTEGER), status, count(*), coalesce(sum(bytes), 0)
    FROM artifacts
    WHERE accession = new.accession AND cik = new.cik
    GROUP BY status
    ON CONFLICT (form, year, status) DO UPDATE
    SET artifacts = artifacts + excluded.artifacts, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER artifacts_added AFTER INSERT ON artifacts BEGIN
    UPDATE companies
    SET pending = pending + (new.status = 0),
        downloaded = downloaded + (new.status = 1),
        failed = failed + (new.status = 2),
        bytes = bytes + coalesce(new.bytes, 0)
    WHERE cik = new.cik;

    INSERT INTO artifact_counts (form, year, status, artifacts, bytes)
    SELECT form, CAST(substr(filed_on, 1, 4) AS INTEGER), new.status, 1, coalesce(new.bytes, 0)
    FROM filings
    WHERE cik = new.cik AND accession = new.accession
    ON CONFLICT (form, year, status) DO UPDATE
    SET artifacts = artifacts + 1, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER artifacts_changed AFTER UPDATE OF status, bytes ON artifacts
WHEN old.status <> new.status OR old.bytes IS NOT new.bytes
BEGIN
    UPDATE companies
    SET pending = pending + (new.status = 0) - (old.status = 0),
        downloaded = downloaded + (new.status = 1) - (old.status = 1),
        failed = failed + (new.status = 2) - (old.status = 2),
        bytes = bytes + coalesce(new.bytes, 0) - coalesce(old.bytes, 0)
    WHERE cik = new.cik;

    UPDATE artifact_counts
    SET artifacts = artifacts - 1, bytes = bytes - coalesce(old.bytes, 0)
    FROM filings
    WHERE filings.cik = old.cik AND filings.accession = old.accession
        AND artifact_counts.form = filings.form
        AND artifact_counts.year = CAST(substr(filings.filed_on, 1, 4) AS INTEGER)
        AND artifact_counts.status = old.status;

    INSERT INTO artifact_counts (form, year, status, artifacts, bytes)
    SELECT form, CAST(substr(filed_on, 1, 4) AS INTEGER), new.status, 1, coalesce(new.bytes, 0)
    FROM filings
    WHERE cik = new.cik AND accession = new.accession
    ON CONFLICT (form, year, status) DO UPDATE
    SET artifacts = artifacts + 1, bytes = bytes + excluded.bytes;
END;

-- A queued file went over to another company of its joint filing; form and year are the same.
CREATE TRIGGER artifacts_adopted AFTER UPDATE OF cik ON artifacts
WHEN old.cik <> new.cik
BEGIN
    UPDATE companies
    SET pending = pending - (old.status = 0),
        downloaded = downloaded - (old.status = 1),
        failed = failed - (old.status = 2),
        bytes = bytes - coalesce(old.bytes, 0)
    WHERE cik = old.cik;

    UPDATE companies
    SET pending = pending + (new.status = 0),
        downloaded = downloaded + (new.status = 1),
        failed = failed + (new.status = 2),
        bytes = bytes + coalesce(new.bytes, 0)
    WHERE cik = new.cik;
END;
