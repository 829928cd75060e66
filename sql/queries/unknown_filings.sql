-- Which of these filings (a JSON list of [cik, accession]) are of a company in scope, but not
-- known under it. The list leads, so that it costs a look-up each, however large the tables.
SELECT s.cik, wanted.value ->> 1
FROM json_each(?1) AS wanted
CROSS JOIN temp.scope AS s ON s.cik = wanted.value ->> 0
WHERE NOT EXISTS (
    SELECT 1 FROM filings AS f WHERE f.cik = s.cik AND f.accession = wanted.value ->> 1
);
