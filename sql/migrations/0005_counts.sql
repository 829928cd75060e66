-- Less work for each row: recording a new file and its download took twice as much processor time.
-- Getting there takes 20 seconds and 45 MB of memory at ten million artifacts.
--
-- A statement that may fail after it has written keeps a journal of its own, so that it can be taken
-- back alone. Nobody takes ours back alone: an error undoes the transaction. With FAIL in their
-- statements, counters that no trigger has to insert, and foreign keys that are looked at when the
-- transaction ends, those for artifacts need none. The year of a date is the number that it begins
-- with, read by a cast, since a function can fail.

-- What `stats` shows by form and year. A filing comes before its artifacts, so its row is there.
CREATE TABLE counts (
    form       TEXT NOT NULL,
    year       INTEGER NOT NULL,
    filings    INTEGER NOT NULL DEFAULT 0,
    pending    INTEGER NOT NULL DEFAULT 0,
    downloaded INTEGER NOT NULL DEFAULT 0,
    failed     INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (form, year)
) STRICT, WITHOUT ROWID;

INSERT INTO counts
SELECT
    form, year, filings,
    coalesce(sum(a.artifacts) FILTER (WHERE a.status = 0), 0),
    coalesce(sum(a.artifacts) FILTER (WHERE a.status = 1), 0),
    coalesce(sum(a.artifacts) FILTER (WHERE a.status = 2), 0),
    coalesce(sum(a.bytes), 0)
FROM filing_counts AS f
LEFT JOIN artifact_counts AS a USING (form, year)
GROUP BY form, year;

DROP TRIGGER filings_added;
DROP TRIGGER filings_moved;
DROP TRIGGER companies_stored;
DROP TRIGGER companies_before_run;
DROP TABLE filing_counts;
DROP TABLE artifact_counts;

CREATE TABLE artifacts_once_more (
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
    FOREIGN KEY (cik, accession) REFERENCES filings (cik, accession) DEFERRABLE INITIALLY DEFERRED
) STRICT;

INSERT INTO artifacts_once_more
SELECT
    id, accession, cik, kind, status, attempts, bytes, name, encoded_name, sha256, last_error,
    downloaded_at, error_kind, type, sequence, description
FROM artifacts;

DROP TABLE artifacts;

-- As in 0004, for views that users made.
PRAGMA legacy_alter_table = ON;
ALTER TABLE artifacts_once_more RENAME TO artifacts;
PRAGMA legacy_alter_table = OFF;

CREATE UNIQUE INDEX artifacts_of_company ON artifacts (cik, accession, name);

-- The queue. It shrinks as files arrive, so that a complete database has next to nothing in it.
CREATE INDEX artifacts_queue ON artifacts (cik, id) WHERE status <> 1;

CREATE TRIGGER filings_added AFTER INSERT ON filings BEGIN
    UPDATE companies SET filings = filings + 1 WHERE cik = new.cik;

    UPDATE counts SET filings = filings + 1
    WHERE form = new.form AND year = CAST(new.filed_on AS INTEGER);

    INSERT INTO counts (form, year, filings)
    SELECT new.form, CAST(new.filed_on AS INTEGER), 1
    WHERE changes() = 0;
END;

-- EDGAR corrected the form or the year of a filing: its counts move along.
CREATE TRIGGER filings_moved AFTER UPDATE OF form, filed_on ON filings
WHEN old.form <> new.form OR CAST(old.filed_on AS INTEGER) <> CAST(new.filed_on AS INTEGER)
BEGIN
    INSERT INTO counts (form, year)
    VALUES (new.form, CAST(new.filed_on AS INTEGER))
    ON CONFLICT DO NOTHING;

    UPDATE counts
    SET filings = counts.filings + moved.sign,
        pending = counts.pending + moved.sign * moved.pending,
        downloaded = counts.downloaded + moved.sign * moved.downloaded,
        failed = counts.failed + moved.sign * moved.failed,
        bytes = counts.bytes + moved.sign * moved.bytes
    FROM (
        SELECT
            place.form, place.year, place.sign,
            count(*) FILTER (WHERE a.status = 0) AS pending,
            count(*) FILTER (WHERE a.status = 1) AS downloaded,
            count(*) FILTER (WHERE a.status = 2) AS failed,
            coalesce(sum(a.bytes), 0) AS bytes
        FROM (
            SELECT old.form AS form, CAST(old.filed_on AS INTEGER) AS year, -1 AS sign
            UNION ALL
            SELECT new.form, CAST(new.filed_on AS INTEGER), 1
        ) AS place
        LEFT JOIN artifacts AS a ON a.cik = new.cik AND a.accession = new.accession
        GROUP BY place.sign
    ) AS moved
    WHERE counts.form = moved.form AND counts.year = moved.year;
END;

-- The foreign key tells only when the transaction ends, and counting takes a filing.
CREATE TRIGGER artifacts_refused BEFORE INSERT ON artifacts
WHEN NOT EXISTS (SELECT 1 FROM filings WHERE cik = new.cik AND accession = new.accession)
BEGIN
    SELECT RAISE(FAIL, 'an artifact of a filing that is not on record');
END;

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

    UPDATE counts
    SET pending = pending + (new.status = 0),
        downloaded = downloaded + (new.status = 1),
        failed = failed + (new.status = 2),
        bytes = bytes + coalesce(new.bytes, 0)
    WHERE (form, year) = (
        SELECT form, CAST(filed_on AS INTEGER)
        FROM filings
        WHERE cik = new.cik AND accession = new.accession
    );
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

    UPDATE counts
    SET pending = pending + (new.status = 0) - (old.status = 0),
        downloaded = downloaded + (new.status = 1) - (old.status = 1),
        failed = failed + (new.status = 2) - (old.status = 2),
        bytes = bytes + coalesce(new.bytes, 0) - coalesce(old.bytes, 0)
    WHERE (form, year) = (
        SELECT form, CAST(filed_on AS INTEGER)
        FROM filings
        WHERE cik = new.cik AND accession = new.accession
    );
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

-- Documents take the place of what stood for them in the queue.
CREATE TRIGGER artifacts_removed AFTER DELETE ON artifacts BEGIN
    UPDATE companies
    SET pending = pending - (old.status = 0),
        downloaded = downloaded - (old.status = 1),
        failed = failed - (old.status = 2),
        bytes = bytes - coalesce(old.bytes, 0)
    WHERE cik = old.cik;

    UPDATE counts
    SET pending = pending - (old.status = 0),
        downloaded = downloaded - (old.status = 1),
        failed = failed - (old.status = 2),
        bytes = bytes - coalesce(old.bytes, 0)
    WHERE (form, year) = (
        SELECT form, CAST(filed_on AS INTEGER)
        FROM filings
        WHERE cik = old.cik AND accession = old.accession
    );
END;

-- The counters of the companies whose artifacts changed since the last run began, as they stood
-- then. Once more, without what can fail: a foreign key, and a row id that has to be a number.
CREATE TABLE before_run_once_more (
    cik        INTEGER PRIMARY KEY,
    expected   INTEGER NOT NULL,
    downloaded INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO before_run_once_more SELECT cik, expected, downloaded FROM before_run;

DROP TABLE before_run;

PRAGMA legacy_alter_table = ON;
ALTER TABLE before_run_once_more RENAME TO before_run;
PRAGMA legacy_alter_table = OFF;

CREATE TRIGGER companies_stored AFTER UPDATE OF pending, downloaded, failed, bytes ON companies
BEGIN
    UPDATE exchange_counts
    SET downloaded = downloaded + new.downloaded - old.downloaded,
        pending = pending + new.pending - old.pending,
        failed = failed + new.failed - old.failed,
        bytes = bytes + new.bytes - old.bytes
    WHERE exchange = coalesce(new.exchange, '');

    INSERT INTO before_run (cik, expected, downloaded)
    VALUES (old.cik, old.pending + old.downloaded + old.failed, old.downloaded)
    ON CONFLICT DO NOTHING;
END;
