-- The next companies of the plan.
SELECT p.position, c.cik, c.name, c.filings, c.last_checked_at
FROM temp.plan AS p
CROSS JOIN companies AS c ON c.cik = p.cik
WHERE p.position > ?1
ORDER BY p.position
LIMIT ?2;
