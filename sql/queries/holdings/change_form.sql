-- Adds a transaction's changes to the counters of one form and year.
INSERT INTO holdings (form, year, filings, pending, downloaded, failed, unavailable, dropped, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (form, year) DO UPDATE
SET filings = filings + excluded.filings,
    pending = pending + excluded.pending,
    downloaded = downloaded + excluded.downloaded,
    failed = failed + excluded.failed,
    unavailable = unavailable + excluded.unavailable,
    dropped = dropped + excluded.dropped,
    bytes = bytes + excluded.bytes;
