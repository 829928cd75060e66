-- Inserts or updates a company of the company list.
INSERT INTO companies (cik, name, ticker, exchange, active, etf) VALUES (?1, ?2, ?3, ?4, 1, ?5)
ON CONFLICT (cik) DO UPDATE
SET name = excluded.name, ticker = excluded.ticker, exchange = excluded.exchange, active = 1,
    etf = excluded.etf;
