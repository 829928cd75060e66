-- Which of these CIKs (a JSON list) are not on record. In the list's order.
SELECT wanted.value
FROM json_each(?1) AS wanted
LEFT JOIN companies AS c ON c.cik = wanted.value
WHERE c.cik IS NULL
ORDER BY wanted.key;
