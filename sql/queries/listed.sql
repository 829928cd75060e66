-- The companies of the plan, as `companies list` shows them.
SELECT c.cik, c.ticker, c.exchange, c.name, c.filings, c.last_checked_at
FROM temp.plan AS p
CROSS JOIN companies AS c ON c.cik = p.cik
ORDER BY p.position;
