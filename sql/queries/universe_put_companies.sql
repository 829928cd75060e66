-- Adds and renames companies, and takes returning ones back. What is as before writes nothing.
-- A company that was away, or comes from off the exchanges, was not followed meanwhile, so it is
-- looked at like a new one.
INSERT INTO companies (cik, name, ticker, exchange)
SELECT cik, name, ticker, exchange FROM temp.incoming_companies WHERE true
ON CONFLICT (cik) DO UPDATE
SET name = excluded.name, ticker = excluded.ticker, exchange = excluded.exchange, active = 1,
    last_checked_at = CASE
        WHEN active = 1
            AND (coalesce(exchange, 'OTC') <> 'OTC' OR coalesce(excluded.exchange, 'OTC') = 'OTC')
            THEN last_checked_at
    END
WHERE (name, ticker, exchange, active) IS NOT (excluded.name, excluded.ticker, excluded.exchange, 1)
RETURNING cik;
