-- Which of these filings (a JSON list of accession numbers) one of the companies ?2 (another) filed.
SELECT f.accession
FROM json_each(?1) AS wanted
CROSS JOIN filings AS f ON f.accession = wanted.value
WHERE EXISTS (
    SELECT 1 FROM filers AS r
    WHERE r.filing = f.id AND r.cik IN (SELECT value FROM json_each(?2))
);
