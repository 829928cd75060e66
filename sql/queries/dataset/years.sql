-- The years that have filings, each with its change number.
SELECT year, change
FROM years
WHERE year IN (SELECT h.year FROM holdings AS h WHERE h.filings > 0)
ORDER BY year;
