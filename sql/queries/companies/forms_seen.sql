-- The form types in EDGAR's lists of the companies ?1 (a JSON list), each with its number of
-- filings. They come from the pages that were read and include forms that no selection wants.
SELECT seen.key, sum(seen.value ->> 0)
FROM json_each(?1) AS wanted
CROSS JOIN company_facts AS k ON k.cik = wanted.value
CROSS JOIN json_each(k.forms) AS seen
GROUP BY seen.key
ORDER BY seen.key;
