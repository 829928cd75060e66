-- Adds and renames companies, and takes returning ones back. What is as before writes nothing.
INSERT INTO companies (cik, name, ticker, exchange)
SELECT cik, name, ticker, exchange FROM temp.incoming_companies WHERE true
ON CONFLICT (cik) DO UPDATE
SET name = excluded.name, ticker = excluded.ticker, exchange = excluded.exchange, active = 1
WHERE (name, ticker, exchange, active) IS NOT (excluded.name, excluded.ticker, excluded.exchange, 1)
RETURNING cik;
