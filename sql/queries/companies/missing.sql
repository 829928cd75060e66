-- EDGAR did not have a company's submissions on the day ?2. Each day counts once.
UPDATE companies
SET missing_days = missing_days + 1, missing_on = ?2
WHERE cik = ?1 AND missing_on IS NOT ?2;
