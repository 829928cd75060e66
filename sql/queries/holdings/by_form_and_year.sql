-- Counters by form and year.
SELECT form, year, filings, pending, downloaded, failed, unavailable, dropped, bytes
FROM holdings
WHERE filings > 0
ORDER BY form, year;
