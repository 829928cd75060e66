-- The filings among ?1 (a JSON list of accession numbers) that have one of the companies ?2 (a JSON
-- list) as a filer.
SELECT f.accession
FROM json_each(?1) AS wanted
CROSS JOIN filings AS f ON f.accession = wanted.value
WHERE EXISTS (
    SELECT 1 FROM filers AS r
    WHERE r.filing = f.id AND r.cik IN (SELECT value FROM json_each(?2))
);
