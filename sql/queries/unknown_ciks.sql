-- Which of these CIKs (a JSON list) are no company of the universe now. In the list's order.
SELECT wanted.value
FROM json_each(?1) AS wanted
LEFT JOIN companies AS c ON c.cik = wanted.value AND c.active = 1
WHERE c.cik IS NULL
ORDER BY wanted.key;
