-- Which of these companies (a JSON list) were looked at since a time.
SELECT c.cik
FROM json_each(?1) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
WHERE c.last_checked_at >= ?2;
