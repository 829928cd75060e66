-- Adds what a transaction changed of a company. With the first change by a run, what it had before
-- is kept for `diagnose`, which shows what the last run brought.
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
