-- What `diagnose` needs to say why a company has no filing of the wanted forms.

-- What EDGAR lists of a company, whatever its form, and how the last try to read it ended. One
-- row a company that was ever tried. A table of its own, because planning walks `companies`.
CREATE TABLE checks (
    cik            INTEGER PRIMARY KEY REFERENCES companies (cik),
    listed         INTEGER, -- filings of any form; NULL: the list was never read to its end
    first_filed_on TEXT,    -- within some days, where older pages were not read
    last_filed_on  TEXT,
    forms          TEXT,    -- JSON: {"10-K": [count, "last filing date"]}, from the pages read
    error_kind     TEXT,    -- NULL: the last try succeeded
    error          TEXT,
    failed_at      TEXT
) STRICT;

-- The counters of the companies as they stood when the last run began.
CREATE TABLE before_run (
    cik        INTEGER PRIMARY KEY REFERENCES companies (cik),
    expected   INTEGER NOT NULL,
    downloaded INTEGER NOT NULL
) STRICT;

-- The sort of `last_error`, by which failures are grouped.
ALTER TABLE artifacts ADD COLUMN error_kind TEXT;
