-- A company's list of filings could not be read. What an earlier run recorded about the list is
-- kept.
INSERT INTO company_facts (cik, error_kind, error, failed_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (cik) DO UPDATE
SET error_kind = excluded.error_kind, error = excluded.error, failed_at = excluded.failed_at;
