-- What a database of ten million artifacts needs, so that starting, `stats` and writing take what
-- they take in a small one. Getting there takes 20 seconds and 52 MB of memory.

-- What `stats` shows by exchange of the primary listing ('' is none), kept by the triggers below:
-- adding up 100,000 companies took ten times as long as everything else in `stats`.
CREATE TABLE exchange_counts (
    exchange      TEXT PRIMARY KEY,
    active        INTEGER NOT NULL,
    inactive      INTEGER NOT NULL,
    with_filings  INTEGER NOT NULL, -- of the active ones
    never_checked INTEGER NOT NULL, -- of the active ones
    filings       INTEGER NOT NULL,
    downloaded    INTEGER NOT NULL,
    pending       INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
    bytes         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO exchange_counts
SELECT
    coalesce(exchange, ''), sum(active), sum(active = 0), sum(active = 1 AND filings > 0),
    sum(active = 1 AND last_checked_at IS NULL), sum(filings), sum(downloaded), sum(pending),
    sum(failed), sum(bytes)
FROM companies
GROUP BY 1;

-- The universe in order, a tenth of the size of `companies`.
CREATE INDEX companies_by_active ON companies (active);

CREATE TRIGGER companies_added AFTER INSERT ON companies BEGIN
    INSERT INTO exchange_counts
    VALUES (
        coalesce(new.exchange, ''), new.active, new.active = 0, new.active AND new.filings > 0,
        new.active AND new.last_checked_at IS NULL, new.filings, new.downloaded, new.pending,
        new.failed, new.bytes
    )
    ON CONFLICT (exchange) DO UPDATE
    SET active = active + excluded.active,
        inactive = inactive + excluded.inactive,
        with_filings = with_filings + excluded.with_filings,
        never_checked = never_checked + excluded.never_checked,
        filings = filings + excluded.filings,
        downloaded = downloaded + excluded.downloaded,
        pending = pending + excluded.pending,
        failed = failed + excluded.failed,
        bytes = bytes + excluded.bytes;
END;

-- A filing more: the frequent one, therefore by itself.
CREATE TRIGGER companies_filed AFTER UPDATE OF filings ON companies BEGIN
    UPDATE exchange_counts
    SET filings = filings + new.filings - old.filings,
        with_filings = with_filings + new.active * ((new.filings > 0) - (old.filings > 0))
    WHERE exchange = coalesce(new.exchange, '');
END;

-- An artifact more, or one that changed: as frequent.
CREATE TRIGGER companies_stored AFTER UPDATE OF pending, downloaded, failed, bytes ON companies
BEGIN
    UPDATE exchange_counts
    SET downloaded = downloaded + new.downloaded - old.downloaded,
        pending = pending + new.pending - old.pending,
        failed = failed + new.failed - old.failed,
        bytes = bytes + new.bytes - old.bytes
    WHERE exchange = coalesce(new.exchange, '');
END;

CREATE TRIGGER companies_checked AFTER UPDATE OF last_checked_at ON companies
WHEN old.exchange IS new.exchange AND old.active = new.active
    AND (old.last_checked_at IS NULL) <> (new.last_checked_at IS NULL)
BEGIN
    UPDATE exchange_counts
    SET never_checked = never_checked
        + new.active * ((new.last_checked_at IS NULL) - (old.last_checked_at IS NULL))
    WHERE exchange = coalesce(new.exchange, '');
END;

-- Another exchange, gone or back: all that is counted of the company moves along.
CREATE TRIGGER companies_moved AFTER UPDATE OF exchange, active ON companies
WHEN old.exchange IS NOT new.exchange OR old.active <> new.active
BEGIN
    UPDATE exchange_counts
    SET active = active - old.active,
        inactive = inactive - (old.active = 0),
        with_filings = with_filings - (old.active AND old.filings > 0),
        never_checked = never_checked - (old.active AND old.last_checked_at IS NULL),
        filings = filings - old.filings,
        downloaded = downloaded - old.downloaded,
        pending = pending - old.pending,
        failed = failed - old.failed,
        bytes = bytes - old.bytes
    WHERE exchange = coalesce(old.exchange, '');

    INSERT INTO exchange_counts
    VALUES (
        coalesce(new.exchange, ''), new.active, new.active = 0, new.active AND new.filings > 0,
        new.active AND new.last_checked_at IS NULL, new.filings, new.downloaded, new.pending,
        new.failed, new.bytes
    )
    ON CONFLICT (exchange) DO UPDATE
    SET active = active + excluded.active,
        inactive = inactive + excluded.inactive,
        with_filings = with_filings + excluded.with_filings,
        never_checked = never_checked + excluded.never_checked,
        filings = filings + excluded.filings,
        downloaded = downloaded + excluded.downloaded,
        pending = pending + excluded.pending,
        failed = failed + excluded.failed,
        bytes = bytes + excluded.bytes;
END;

-- From now on `before_run` has only the companies whose counters changed since the last run began:
-- comparing all of them was most of the start of a run.
CREATE TRIGGER companies_before_run AFTER UPDATE OF pending, downloaded, failed ON companies
WHEN NOT EXISTS (SELECT 1 FROM before_run WHERE cik = old.cik)
BEGIN
    INSERT INTO before_run (cik, expected, downloaded)
    VALUES (old.cik, old.pending + old.downloaded + old.failed, old.downloaded);
END;

-- Artifacts once more, without a unique index that begins with the accession. Rows arrive grouped
-- by company, and a company's accessions are strangers as numbers: at ten million rows each new
-- one took a page of its own in that index, read, logged and written back, 12 KB in all, and the
-- writer fell to a third. What an accession alone is needed for is in `owners`.
CREATE TABLE artifacts_by_company (
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
    error_kind    TEXT, -- the sort of `last_error`, by which failures are grouped
    type          TEXT, -- what a complete submission says of its document; NULL for other files
    sequence      INTEGER,
    description   TEXT,
    FOREIGN KEY (cik, accession) REFERENCES filings (cik, accession)
) STRICT;

INSERT INTO artifacts_by_company
SELECT
    id, accession, cik, kind, status, attempts, bytes, name, encoded_name, sha256, last_error,
    downloaded_at, error_kind, type, sequence, description
FROM artifacts;

DROP TABLE artifacts;

-- The old way of renaming leaves views alone, which otherwise all have to make sense at this
-- moment; those that users made may not.
PRAGMA legacy_alter_table = ON;
ALTER TABLE artifacts_by_company RENAME TO artifacts;
PRAGMA legacy_alter_table = OFF;

CREATE UNIQUE INDEX artifacts_of_company ON artifacts (cik, accession, name);

-- The queue. It shrinks as files arrive, so that a complete database has next to nothing in it.
CREATE INDEX artifacts_queue ON artifacts (cik, id) WHERE status <> 1;

-- Under which company the artifacts of a filing are: nearly always one, so that a filing found under
-- another of its filers is known. In two parts, so that the writer does not touch a page for each
-- new filing: the recent ones fit the page cache, and are settled 200,000 at a time in the order
-- of the large part, several to a page. What is in one part is not in the other.
CREATE TABLE owners_settled (
    accession INTEGER NOT NULL,
    cik       INTEGER NOT NULL,
    PRIMARY KEY (accession, cik)
) STRICT, WITHOUT ROWID;

CREATE TABLE owners_recent (
    accession INTEGER NOT NULL,
    cik       INTEGER NOT NULL,
    PRIMARY KEY (accession, cik)
) STRICT, WITHOUT ROWID;

INSERT INTO owners_settled SELECT DISTINCT accession, cik FROM artifacts ORDER BY accession, cik;

CREATE VIEW owners AS
SELECT accession, cik FROM owners_settled
UNION ALL
SELECT accession, cik FROM owners_recent;

-- The triggers of 0001 and 0003 on artifacts, as they were but for `owners`.
CREATE TRIGGER artifacts_added AFTER INSERT ON artifacts BEGIN
    INSERT INTO owners_recent (accession, cik)
    SELECT new.accession, new.cik
    WHERE NOT EXISTS (
        SELECT 1 FROM owners_settled WHERE accession = new.accession AND cik = new.cik
    )
    ON CONFLICT DO NOTHING;

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

-- A queued file went over to another company of its joint filing; form and year are the same. The
-- former owner stays one: it costs a look-up that finds nothing.
CREATE TRIGGER artifacts_adopted AFTER UPDATE OF cik ON artifacts
WHEN old.cik <> new.cik
BEGIN
    INSERT INTO owners_recent (accession, cik)
    SELECT new.accession, new.cik
    WHERE NOT EXISTS (
        SELECT 1 FROM owners_settled WHERE accession = new.accession AND cik = new.cik
    )
    ON CONFLICT DO NOTHING;

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

CREATE TRIGGER artifacts_removed AFTER DELETE ON artifacts BEGIN
    UPDATE companies
    SET pending = pending - (old.status = 0),
        downloaded = downloaded - (old.status = 1),
        failed = failed - (old.status = 2),
        bytes = bytes - coalesce(old.bytes, 0)
    WHERE cik = old.cik;

    UPDATE artifact_counts
    SET artifacts = artifacts - 1, bytes = artifact_counts.bytes - coalesce(old.bytes, 0)
    FROM filings
    WHERE filings.cik = old.cik AND filings.accession = old.accession
        AND artifact_counts.form = filings.form
        AND artifact_counts.year = CAST(substr(filings.filed_on, 1, 4) AS INTEGER)
        AND artifact_counts.status = old.status;
END;
