-- The form types that EDGAR lists of the companies ?1 (a JSON list), with how many filings: on the pages
-- that were read, whatever was wanted.
SELECT f.key, sum(f.value ->> 0)
FROM json_each(?1) AS wanted
CROSS JOIN company_facts AS k ON k.cik = wanted.value
CROSS JOIN json_each(k.forms) AS f
GROUP BY f.key
ORDER BY f.key;
