-- What we hold by form and year, from the counters that the triggers keep.
SELECT form, year, filings, downloaded, pending, failed, bytes
FROM counts
WHERE filings > 0
ORDER BY form, year;
