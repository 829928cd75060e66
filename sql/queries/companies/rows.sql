-- The companies ?1 (a JSON list), in the order of the list.
SELECT
    c.cik, c.ticker, c.exchange, c.name, c.active, c.filings, c.last_checked_at, c.missing_days
FROM json_each(?1) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
ORDER BY wanted.key;
