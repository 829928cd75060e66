-- Adds a transaction's changes to a company's counters. The first change by a run keeps the counts
-- from before it, so that `diagnose` can show what the last run added.
UPDATE companies
SET expected_before = CASE
        WHEN ?2 IS NULL OR changed_by IS ?2 THEN expected_before
        ELSE pending + downloaded + failed + unavailable
    END,
    downloaded_before = CASE
        WHEN ?2 IS NULL OR changed_by IS ?2 THEN downloaded_before
        ELSE downloaded
    END,
    changed_by = coalesce(?2, changed_by),
    filings = filings + ?3,
    pending = pending + ?4,
    downloaded = downloaded + ?5,
    failed = failed + ?6,
    unavailable = unavailable + ?7,
    dropped = dropped + ?8,
    bytes = bytes + ?9
WHERE cik = ?1;
