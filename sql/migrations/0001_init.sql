-- The schema. Until the first release it is edited in place, and a database with another text of it
-- is refused; from then on a change is a new file.
--
-- Tables are private; the public schema is sql/views.sql. Times are RFC 3339 UTC text with
-- milliseconds, dates YYYY-MM-DD text, accession numbers text with dashes, enum values the words
-- that users see. Counters are kept by the writer, which adds up what a transaction changes
-- (src/store/holdings.rs): counting ten million rows takes seconds, and `stats` has 0.2.

-- Small facts about this database; the keys are in src/store/meta.rs.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A CIK on record. `active` is 1 while the SEC's list of companies has it. `ticker` and `exchange`
-- are its primary listing, the last known one once it is inactive.
CREATE TABLE companies (
    cik               INTEGER PRIMARY KEY,
    name              TEXT NOT NULL,
    ticker            TEXT,
    exchange          TEXT,
    active            INTEGER NOT NULL CHECK (active IN (0, 1)),
    -- 1 where all its listings are of funds or notes: then it is of no exchange's companies.
    etf               INTEGER NOT NULL DEFAULT 0 CHECK (etf IN (0, 1)),
    -- What its submissions say of it. NULL: never read; the empty text: EDGAR has none.
    sic               TEXT,
    industry          TEXT,
    state             TEXT, -- of incorporation, EDGAR's code
    fiscal_year_end   TEXT, -- MMDD
    entity_type       TEXT,
    ein               TEXT,
    last_checked_at   TEXT,
    -- The New York days on which EDGAR did not have its submissions: how many, and the last one.
    missing_days      INTEGER NOT NULL DEFAULT 0,
    missing_on        TEXT,
    -- What the database holds of it. A joint filing counts for each of its filers.
    filings           INTEGER NOT NULL DEFAULT 0,
    pending           INTEGER NOT NULL DEFAULT 0,
    downloaded        INTEGER NOT NULL DEFAULT 0,
    failed            INTEGER NOT NULL DEFAULT 0,
    unavailable       INTEGER NOT NULL DEFAULT 0,
    dropped           INTEGER NOT NULL DEFAULT 0,
    bytes             INTEGER NOT NULL DEFAULT 0,
    -- What it held when the last run began that changed one of these counters.
    changed_by        INTEGER,
    expected_before   INTEGER NOT NULL DEFAULT 0,
    downloaded_before INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX companies_by_ticker ON companies (ticker);

-- Names that a company had, and from when to when, as EDGAR tells: `since` may be later than `until`.
CREATE TABLE company_names (
    cik      INTEGER NOT NULL REFERENCES companies (cik),
    position INTEGER NOT NULL, -- 0 is the last one
    name     TEXT NOT NULL,
    since    TEXT,
    until    TEXT,
    PRIMARY KEY (cik, position)
) STRICT, WITHOUT ROWID;

-- A ticker of a company, now or earlier.
CREATE TABLE listings (
    cik        INTEGER NOT NULL REFERENCES companies (cik),
    ticker     TEXT NOT NULL,
    exchange   TEXT,
    position   INTEGER NOT NULL, -- 0 is the primary listing
    active     INTEGER NOT NULL CHECK (active IN (0, 1)),
    etf        INTEGER NOT NULL CHECK (etf IN (0, 1)), -- a fund's or a note's, no company's security
    first_seen TEXT NOT NULL,
    last_seen  TEXT, -- NULL while it is active: then it is the day of the last sync
    PRIMARY KEY (cik, ticker)
) STRICT, WITHOUT ROWID;

-- A ticker belongs to one company at a time.
CREATE UNIQUE INDEX active_listings ON listings (ticker) WHERE active = 1;

CREATE INDEX listings_by_ticker ON listings (ticker);

-- What EDGAR lists of a company, whatever its form, and how the last try to read it ended: what
-- `diagnose` needs to say why a company has no filing of the wanted forms.
CREATE TABLE company_facts (
    cik            INTEGER PRIMARY KEY REFERENCES companies (cik),
    listed         INTEGER, -- filings of any form; NULL: the list was never read to its end
    first_filed_on TEXT,    -- within some days, where older pages were not read
    last_filed_on  TEXT,
    forms          TEXT,    -- JSON: {"10-K": [count, "last filing date"]}, from the pages read
    error_kind     TEXT,    -- NULL: the last try succeeded
    error          TEXT,
    failed_at      TEXT
) STRICT;

-- One accession. `folder` is the CIK whose folder holds its files, at EDGAR and on disk: the filer
-- under which it was found first. It never changes.
CREATE TABLE filings (
    id               INTEGER PRIMARY KEY,
    accession        TEXT NOT NULL UNIQUE,
    folder           INTEGER NOT NULL REFERENCES companies (cik),
    form             TEXT NOT NULL,
    filed_on         TEXT NOT NULL,
    report_date      TEXT,
    accepted_at      TEXT NOT NULL, -- as it was first seen: EDGAR sends it differently under each CIK
    primary_document TEXT NOT NULL,
    items            TEXT NOT NULL,
    size             INTEGER,
    is_xbrl          INTEGER NOT NULL,
    discovered_at    TEXT NOT NULL
) STRICT;

-- With the day, so that an export reads a year of them in the order of folders and days.
CREATE INDEX filings_by_folder ON filings (folder, filed_on);

-- The companies on record that a filing was filed by or about.
CREATE TABLE filers (
    cik    INTEGER NOT NULL REFERENCES companies (cik),
    filing INTEGER NOT NULL REFERENCES filings (id),
    PRIMARY KEY (cik, filing)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX filers_by_filing ON filers (filing, cik);

-- A file of a filing, stored or still to come. A pending or failed one is one request, unless a
-- submission of its filing is queued: then it waits for that.
CREATE TABLE artifacts (
    id            INTEGER PRIMARY KEY,
    filing        INTEGER NOT NULL REFERENCES filings (id),
    name          TEXT NOT NULL COLLATE NOCASE,
    url_name      TEXT, -- its name within its URL, where that is another one
    kind          TEXT NOT NULL CHECK (kind IN (
        'primary', 'submission', 'exhibit', 'graphic', 'xbrl', 'pdf', 'other'
    )),
    status        TEXT NOT NULL CHECK (status IN (
        'pending', 'downloaded', 'failed', 'unavailable', 'dropped'
    )),
    queued_by     INTEGER NOT NULL, -- the run that queued it last; 0 is none
    attempts      INTEGER NOT NULL DEFAULT 0,
    bytes         INTEGER, -- with `sha256`: of the file as it was stored last, also while it is lost
    sha256        BLOB,
    downloaded_at TEXT,
    type          TEXT, -- what a submission says of its document; NULL for other files
    sequence      INTEGER,
    description   TEXT,
    error_kind    TEXT, -- the kind of `last_error`, by which failures are grouped
    last_error    TEXT,
    missing_days  INTEGER, -- New York days on which EDGAR did not have it
    missing_on    TEXT,
    UNIQUE (filing, name)
) STRICT;

CREATE INDEX artifacts_queued ON artifacts (id) WHERE status IN ('pending', 'failed');

CREATE INDEX artifacts_given_up ON artifacts (id) WHERE status IN ('unavailable', 'dropped');

-- A complete submission text whose documents are wanted, or were split from it. One row, one
-- request, whatever it holds.
CREATE TABLE submissions (
    filing       INTEGER PRIMARY KEY REFERENCES filings (id),
    status       TEXT NOT NULL CHECK (status IN (
        'pending', 'split', 'failed', 'unavailable', 'dropped'
    )),
    queued_by    INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    documents    INTEGER, -- how many it held when it was split last
    bytes        INTEGER, -- of its text then
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

-- What a backfill asked for and `update` follows: companies x forms x dates x what to download.
CREATE TABLE selections (
    id         INTEGER PRIMARY KEY,
    exchanges  TEXT, -- JSON list; NULL is no condition
    ciks       TEXT, -- JSON list; NULL is no condition
    sic        TEXT, -- JSON list of codes or what they begin with; NULL is no condition
    forms      TEXT NOT NULL,
    since      TEXT NOT NULL,
    until      TEXT, -- NULL is open
    artifacts  TEXT NOT NULL CHECK (artifacts IN ('primary', 'submission', 'documents')),
    followed   INTEGER NOT NULL CHECK (followed IN (0, 1)),
    through    TEXT, -- the last day up to which all is known of the companies that were checked
    created_at TEXT NOT NULL
) STRICT;

-- The companies of a selection, and what was checked for it.
CREATE TABLE selection_companies (
    selection  INTEGER NOT NULL REFERENCES selections (id) ON DELETE CASCADE,
    cik        INTEGER NOT NULL REFERENCES companies (cik),
    checked_at TEXT, -- as of when all its filings were looked at for this selection; NULL: never
    left_on    TEXT, -- the first sync that found it off the exchanges of this selection
    PRIMARY KEY (selection, cik)
) STRICT, WITHOUT ROWID;

CREATE INDEX selections_by_company ON selection_companies (cik);

-- Older pages of submissions that were read to their end, as EDGAR described them then, and for
-- which filings. They say nothing about artifacts.
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

-- A weekday whose daily index an update asked for. One that is missing is asked for again; what is
-- closed has none, and one that was given up will not come.
CREATE TABLE index_days (
    day    TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('read', 'missing', 'closed', 'given_up')),
    since  TEXT NOT NULL -- the New York day on which it was found so first
) STRICT, WITHOUT ROWID;

-- A filing that a daily index lists and the submissions of its filer do not: looked for, fetched by
-- the path in the index, or given up.
CREATE TABLE listed_filings (
    accession  TEXT NOT NULL,
    cik        INTEGER NOT NULL REFERENCES companies (cik),
    form       TEXT NOT NULL,
    filed_on   TEXT NOT NULL,
    listed_on  TEXT NOT NULL, -- the day of the index
    first_seen TEXT NOT NULL, -- the New York day on which an update first looked for it
    tries      INTEGER NOT NULL DEFAULT 0, -- requests for its text
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
    heartbeat_at    TEXT NOT NULL, -- of the real clock, whatever FILING_ETL_NOW says
    pid             INTEGER NOT NULL,
    options         TEXT NOT NULL, -- JSON
    ended_by        TEXT, -- the budget that ended it
    through         TEXT, -- the oldest day up to which its followed selections are known
    paused_s        REAL NOT NULL DEFAULT 0,
    paused_until    TEXT,
    rate_limit      INTEGER -- requests per second; NULL is no limit
) STRICT;

-- What a run counted; `src/counts.rs` has the names.
CREATE TABLE run_counts (
    run_id INTEGER NOT NULL REFERENCES runs (id),
    name   TEXT NOT NULL,
    value  INTEGER NOT NULL,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

-- `cik` and `accession` are what the error was about, on record or not: no foreign keys.
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

-- What the database holds by form and year, each filing and file counted once.
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
