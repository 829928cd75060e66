-- The schema. Until the first release this file is edited in place, and a database created from
-- another version of it is refused. After the first release every change is a new file.
--
-- The tables are private; the public schema is sql/views.sql. Times are RFC 3339 UTC text with
-- milliseconds. Dates are YYYY-MM-DD text. Accession numbers are text with dashes. Enum values are
-- the words that users see. The writer maintains the counters by adding up the changes of each
-- transaction (src/store/holdings.rs), because counting ten million rows takes seconds and `stats`
-- must answer within 0.2 s.

-- Metadata of this database. The keys are in src/store/meta.rs.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A CIK on record. `active` is 1 while the company is in the SEC's list. `ticker` and `exchange`
-- are those of its primary listing, or of its last one if `active` is 0.
CREATE TABLE companies (
    cik               INTEGER PRIMARY KEY,
    name              TEXT NOT NULL,
    ticker            TEXT,
    exchange          TEXT,
    active            INTEGER NOT NULL CHECK (active IN (0, 1)),
    -- 1 if all its listings are funds or notes. No selection by exchange includes such a company.
    etf               INTEGER NOT NULL DEFAULT 0 CHECK (etf IN (0, 1)),
    -- From its submissions. NULL: never read. Empty: EDGAR has no value.
    sic               TEXT,
    industry          TEXT,
    state             TEXT, -- of incorporation, EDGAR's code
    fiscal_year_end   TEXT, -- MMDD
    entity_type       TEXT,
    ein               TEXT,
    last_checked_at   TEXT,
    -- The number of New York days on which EDGAR did not have its submissions, and the last such
    -- day.
    missing_days      INTEGER NOT NULL DEFAULT 0,
    missing_on        TEXT,
    -- Counters. A joint filing counts once for each of its filers.
    filings           INTEGER NOT NULL DEFAULT 0,
    pending           INTEGER NOT NULL DEFAULT 0,
    downloaded        INTEGER NOT NULL DEFAULT 0,
    failed            INTEGER NOT NULL DEFAULT 0,
    unavailable       INTEGER NOT NULL DEFAULT 0,
    dropped           INTEGER NOT NULL DEFAULT 0,
    bytes             INTEGER NOT NULL DEFAULT 0,
    -- Its counts at the start of the last run that changed them.
    changed_by        INTEGER,
    expected_before   INTEGER NOT NULL DEFAULT 0,
    downloaded_before INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX companies_by_ticker ON companies (ticker);

-- Former names of a company. The dates are EDGAR's, and `since` may be later than `until`.
CREATE TABLE company_names (
    cik      INTEGER NOT NULL REFERENCES companies (cik),
    position INTEGER NOT NULL, -- 0 is the latest
    name     TEXT NOT NULL,
    since    TEXT,
    until    TEXT,
    PRIMARY KEY (cik, position)
) STRICT, WITHOUT ROWID;

-- A ticker of a company, current or former.
CREATE TABLE listings (
    cik        INTEGER NOT NULL REFERENCES companies (cik),
    ticker     TEXT NOT NULL,
    exchange   TEXT,
    position   INTEGER NOT NULL, -- 0 is the primary listing
    active     INTEGER NOT NULL CHECK (active IN (0, 1)),
    etf        INTEGER NOT NULL CHECK (etf IN (0, 1)), -- 1: a fund or note, not a security of the company
    first_seen TEXT NOT NULL,
    last_seen  TEXT, -- NULL while active; the views show the day of the last sync
    PRIMARY KEY (cik, ticker)
) STRICT, WITHOUT ROWID;

-- A ticker belongs to one company at a time.
CREATE UNIQUE INDEX active_listings ON listings (ticker) WHERE active = 1;

CREATE INDEX listings_by_ticker ON listings (ticker);

-- EDGAR's list of a company's filings in summary, all forms included, and the error of the last
-- attempt to read it. `diagnose` uses this to explain why a company has no filing of the wanted
-- forms.
CREATE TABLE company_facts (
    cik            INTEGER PRIMARY KEY REFERENCES companies (cik),
    listed         INTEGER, -- number of filings; NULL: the list was never read to its end
    first_filed_on TEXT,    -- approximate if older pages were not read
    last_filed_on  TEXT,
    forms          TEXT,    -- JSON: {"10-K": [count, "last filing date"]}, from the pages read
    error_kind     TEXT,    -- NULL: the last attempt succeeded
    error          TEXT,
    failed_at      TEXT
) STRICT;

-- A filing. `folder` is the CIK whose folder holds its files, at EDGAR and on disk: the filer under
-- which the filing was found first. It never changes.
CREATE TABLE filings (
    id               INTEGER PRIMARY KEY,
    accession        TEXT NOT NULL UNIQUE,
    folder           INTEGER NOT NULL REFERENCES companies (cik),
    form             TEXT NOT NULL,
    filed_on         TEXT NOT NULL,
    report_date      TEXT,
    accepted_at      TEXT NOT NULL, -- as first seen: EDGAR sends another value under each CIK
    primary_document TEXT NOT NULL,
    items            TEXT NOT NULL,
    size             INTEGER,
    is_xbrl          INTEGER NOT NULL,
    discovered_at    TEXT NOT NULL
) STRICT;

-- With the day, so that an export reads a year of them in the order of folders and days.
CREATE INDEX filings_by_folder ON filings (folder, filed_on);

-- The filers of a filing that are on record.
CREATE TABLE filers (
    cik    INTEGER NOT NULL REFERENCES companies (cik),
    filing INTEGER NOT NULL REFERENCES filings (id),
    PRIMARY KEY (cik, filing)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX filers_by_filing ON filers (filing, cik);

-- A file of a filing. Each pending or failed file is one request, unless a submission of its filing
-- is queued: then the file waits for the submission.
CREATE TABLE artifacts (
    id            INTEGER PRIMARY KEY,
    filing        INTEGER NOT NULL REFERENCES filings (id),
    name          TEXT NOT NULL COLLATE NOCASE,
    url_name      TEXT, -- the last part of its URL, if that differs from `name`
    kind          TEXT NOT NULL CHECK (kind IN (
        'primary', 'submission', 'exhibit', 'graphic', 'xbrl', 'pdf', 'other'
    )),
    status        TEXT NOT NULL CHECK (status IN (
        'pending', 'downloaded', 'failed', 'unavailable', 'dropped'
    )),
    queued_by     INTEGER NOT NULL, -- the run that queued it last; 0 if none did
    attempts      INTEGER NOT NULL DEFAULT 0,
    bytes         INTEGER, -- `bytes` and `sha256` of a lost file are kept
    sha256        BLOB,
    downloaded_at TEXT,
    type          TEXT, -- with the next two: from a submission, otherwise NULL
    sequence      INTEGER,
    description   TEXT,
    error_kind    TEXT, -- the kind of `last_error`; `diagnose` groups failures by it
    last_error    TEXT,
    missing_days  INTEGER, -- New York days on which EDGAR did not have it
    missing_on    TEXT,
    UNIQUE (filing, name)
) STRICT;

CREATE INDEX artifacts_queued ON artifacts (id) WHERE status IN ('pending', 'failed');

CREATE INDEX artifacts_given_up ON artifacts (id) WHERE status IN ('unavailable', 'dropped');

-- A complete submission text file that is to be split into its documents, or was split. One row is
-- one request.
CREATE TABLE submissions (
    filing       INTEGER PRIMARY KEY REFERENCES filings (id),
    status       TEXT NOT NULL CHECK (status IN (
        'pending', 'split', 'failed', 'unavailable', 'dropped'
    )),
    queued_by    INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    documents    INTEGER, -- the number of documents at the last split
    bytes        INTEGER, -- of the text at the last split
    sha256       BLOB,
    split_at     TEXT,
    error_kind   TEXT,
    last_error   TEXT,
    missing_days INTEGER,
    missing_on   TEXT
) STRICT;

CREATE INDEX submissions_queued ON submissions (filing) WHERE status IN ('pending', 'failed');

CREATE INDEX submissions_given_up ON submissions (filing)
WHERE status IN ('unavailable', 'dropped');

-- What a backfill asked for: companies x forms x dates x what to download. `update` follows a
-- selection whose `followed` is 1.
CREATE TABLE selections (
    id         INTEGER PRIMARY KEY,
    exchanges  TEXT, -- JSON list; NULL is no condition
    ciks       TEXT, -- JSON list; NULL is no condition
    criteria   TEXT NOT NULL, -- JSON object (src/criteria.rs); an empty list is no condition
    forms      TEXT NOT NULL,
    since      TEXT NOT NULL,
    until      TEXT, -- NULL is no end
    artifacts  TEXT NOT NULL CHECK (artifacts IN ('primary', 'submission', 'documents')),
    followed   INTEGER NOT NULL CHECK (followed IN (0, 1)),
    through    TEXT, -- the last day through which its checked companies are complete
    created_at TEXT NOT NULL
) STRICT;

-- The companies of a selection, and when each was checked for it.
CREATE TABLE selection_companies (
    selection  INTEGER NOT NULL REFERENCES selections (id) ON DELETE CASCADE,
    cik        INTEGER NOT NULL REFERENCES companies (cik),
    checked_at TEXT, -- its filings up to this time were checked; NULL: never checked
    left_on    TEXT, -- day of the first sync without a listing on the selection's exchanges
    PRIMARY KEY (selection, cik)
) STRICT, WITHOUT ROWID;

CREATE INDEX selections_by_company ON selection_companies (cik);

-- The companies that were of a selection until they left its exchanges, and are followed for it no more.
-- What they filed stays wanted: `prune` must not take the delisted companies out of a collection.
CREATE TABLE selection_left (
    selection INTEGER NOT NULL REFERENCES selections (id) ON DELETE CASCADE,
    cik       INTEGER NOT NULL REFERENCES companies (cik) ON DELETE CASCADE,
    PRIMARY KEY (selection, cik)
) STRICT, WITHOUT ROWID;

CREATE INDEX selection_left_by_company ON selection_left (cik);

-- Older pages of submissions that were read to their end, with EDGAR's description of them at that
-- time and the forms and dates they were read for. They say nothing about artifacts.
CREATE TABLE pages_read (
    name     TEXT NOT NULL, -- CIK##########-submissions-NNN.json
    filings  INTEGER NOT NULL,
    first_on TEXT NOT NULL,
    last_on  TEXT NOT NULL,
    forms    TEXT NOT NULL,
    since    TEXT NOT NULL,
    until    TEXT NOT NULL,
    PRIMARY KEY (name, forms, since, until)
) STRICT, WITHOUT ROWID;

-- Older pages that EDGAR lists and does not have, with its description of them, and the New York days on
-- which it answered so. After three days a company counts as checked without such a page.
CREATE TABLE pages_missing (
    name       TEXT PRIMARY KEY,
    filings    INTEGER NOT NULL,
    first_on   TEXT NOT NULL,
    last_on    TEXT NOT NULL,
    days       INTEGER NOT NULL DEFAULT 1,
    missing_on TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A weekday whose daily index an update requested. A missing index is requested again. A closed day
-- has no index. An index that was given up is not requested again.
CREATE TABLE index_days (
    day    TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('read', 'missing', 'closed', 'given_up')),
    since  TEXT NOT NULL -- the New York day on which this status was first recorded
) STRICT, WITHOUT ROWID;

-- A filing that a daily index lists and the submissions of its filer do not. An update searches for
-- it, and then fetches it by the path in the index or gives it up.
CREATE TABLE listed_filings (
    accession  TEXT NOT NULL,
    cik        INTEGER NOT NULL REFERENCES companies (cik),
    form       TEXT NOT NULL,
    filed_on   TEXT NOT NULL,
    listed_on  TEXT NOT NULL, -- the day of the index
    first_seen TEXT NOT NULL, -- the New York day on which an update first searched for it
    tries      INTEGER NOT NULL DEFAULT 0, -- requests for its submission
    status     TEXT NOT NULL CHECK (status IN ('missing', 'fetched', 'given_up')),
    PRIMARY KEY (accession, cik)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id              INTEGER PRIMARY KEY,
    command         TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN (
        'running', 'completed', 'partial', 'failed', 'interrupted'
    )),
    started_at      TEXT NOT NULL,
    ended_at        TEXT,
    heartbeat_at    TEXT NOT NULL, -- by the system clock, whatever FILING_ETL_NOW says
    pid             INTEGER NOT NULL,
    options         TEXT NOT NULL, -- JSON
    ended_by        TEXT, -- the budget that ended the run, if one did
    through         TEXT, -- the oldest `through` of its followed selections
    paused_s        REAL NOT NULL DEFAULT 0,
    paused_until    TEXT,
    rate_limit      INTEGER -- requests per second; NULL is no limit
) STRICT;

-- Counters of a run; src/counts.rs has their names.
CREATE TABLE run_counts (
    run_id INTEGER NOT NULL REFERENCES runs (id),
    name   TEXT NOT NULL,
    value  INTEGER NOT NULL,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

-- `cik` and `accession` need not be on record, so they are no foreign keys.
CREATE TABLE errors (
    id          INTEGER PRIMARY KEY,
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    occurred_at TEXT NOT NULL,
    cik         INTEGER,
    accession   TEXT,
    url         TEXT,
    kind        TEXT NOT NULL,
    message     TEXT NOT NULL
) STRICT;

CREATE INDEX errors_by_run ON errors (run_id);

CREATE INDEX errors_undated ON errors (accession) WHERE kind = 'undated';

-- Pages that came for several filings and are no documents, by their hash, with the New York day on
-- which each came last. Kept for 30 days.
CREATE TABLE refused_pages (
    sha256  BLOB PRIMARY KEY,
    seen_on TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Files that came by themselves without a date, by their hash, with the New York day. Later runs count
-- them when the same bytes come for other filings. Kept for 30 days.
CREATE TABLE undated_files (
    sha256   BLOB NOT NULL,
    artifact INTEGER NOT NULL,
    came_on  TEXT NOT NULL,
    PRIMARY KEY (sha256, artifact)
) STRICT, WITHOUT ROWID;

-- Counters by form and year, each filing and file counted once.
CREATE TABLE holdings (
    form        TEXT NOT NULL,
    year        INTEGER NOT NULL,
    filings     INTEGER NOT NULL DEFAULT 0,
    pending     INTEGER NOT NULL DEFAULT 0,
    downloaded  INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    unavailable INTEGER NOT NULL DEFAULT 0,
    dropped     INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (form, year)
) STRICT, WITHOUT ROWID;

-- What an export has to write anew: each commit that changes a filing, a filer or a file of a year
-- gives the year another number. It is a random one, so that a copy of the database that is restored
-- and goes on never comes to a number that an export of the other one knows.
CREATE TABLE years (
    year   INTEGER PRIMARY KEY, -- of the filing date
    change INTEGER NOT NULL
) STRICT;
