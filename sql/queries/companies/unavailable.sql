-- The companies whose submissions EDGAR did not have on so many days.
SELECT cik FROM companies WHERE missing_days >= ?1;
