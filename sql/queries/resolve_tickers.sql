-- Which company has each of these tickers now (a JSON list); NULL is none. In the list's order.
SELECT wanted.value, l.cik
FROM json_each(?1) AS wanted
LEFT JOIN listings AS l ON l.ticker = upper(wanted.value) AND l.active = 1
ORDER BY wanted.key;
