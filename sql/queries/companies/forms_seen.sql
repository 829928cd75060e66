-- The form types that EDGAR lists of the companies ?1 (a JSON list), with how many filings: on the pages
-- that were read, whatever was wanted.
SELECT seen.key, sum(seen.value ->> 0)
FROM json_each(?1) AS wanted
CROSS JOIN company_facts AS k ON k.cik = wanted.value
CROSS JOIN json_each(k.forms) AS seen
GROUP BY seen.key
ORDER BY seen.key;
