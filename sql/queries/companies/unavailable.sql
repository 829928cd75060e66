-- The companies whose submissions EDGAR did not have on at least ?1 days.
SELECT cik FROM companies WHERE missing_days >= ?1;
