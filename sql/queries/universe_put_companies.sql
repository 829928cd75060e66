-- Adds and renames companies, and takes returning ones back. What is as before writes nothing.
-- A company that was away, or comes from another exchange or from off them, was perhaps not followed
-- meanwhile, so it is looked at like a new one.
INSERT INTO companies (cik, name, ticker, exchange)
SELECT cik, name, ticker, exchange FROM temp.incoming_companies WHERE true
ON CONFLICT (cik) DO UPDATE
SET name = excluded.name, ticker = excluded.ticker, exchange = excluded.exchange, active = 1,
    last_checked_at = CASE
        WHEN active = 1
            AND coalesce(excluded.exchange, 'OTC') IN ('OTC', exchange)
            THEN last_checked_at
    END
WHERE (name, ticker, exchange, active) IS NOT (excluded.name, excluded.ticker, excluded.exchange, 1)
RETURNING cik;
