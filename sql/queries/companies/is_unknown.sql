-- Whether nothing but its number is known of a filer.
SELECT name = '' AND last_checked_at IS NULL AND filings = 0 FROM companies WHERE cik = ?1;
