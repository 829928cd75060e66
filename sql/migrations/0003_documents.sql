-- Filings in all their documents: `--artifacts documents`.

-- What a complete submission says of its document; NULL for files that were fetched by themselves.
ALTER TABLE artifacts ADD COLUMN type TEXT;
ALTER TABLE artifacts ADD COLUMN sequence INTEGER;
ALTER TABLE artifacts ADD COLUMN description TEXT;

-- The filings all of whose documents are in `artifacts`, and the submission they were split from.
-- Until then an artifact of kind 7, called '*', stands in the queue for all of them.
CREATE TABLE splits (
    accession INTEGER PRIMARY KEY,
    cik       INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    sha256    BLOB NOT NULL,
    split_at  TEXT NOT NULL
) STRICT;

-- Documents take the place of what stood for them in the queue.
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
