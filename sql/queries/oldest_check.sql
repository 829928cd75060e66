-- When the company in scope that was looked at longest ago was looked at.
SELECT min(c.last_checked_at)
FROM temp.scope AS s
CROSS JOIN companies AS c ON c.cik = s.cik;
