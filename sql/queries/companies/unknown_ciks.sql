-- The CIKs among ?1 (a JSON list) that are not on record, in the order of the list.
SELECT wanted.value
FROM json_each(?1) AS wanted
LEFT JOIN companies AS c ON c.cik = wanted.value
WHERE c.cik IS NULL
ORDER BY wanted.key;
