-- Which of these filings (a JSON list of [cik, accession]) are not on record under that filer. The
-- list leads, so that it costs a look-up each, however large the tables.
SELECT wanted.value ->> 0, wanted.value ->> 1
FROM json_each(?1) AS wanted
WHERE NOT EXISTS (
    SELECT 1
    FROM filings AS f
    CROSS JOIN filers AS r ON r.filing = f.id AND r.cik = wanted.value ->> 0
    WHERE f.accession = wanted.value ->> 1
)
ORDER BY wanted.key;
