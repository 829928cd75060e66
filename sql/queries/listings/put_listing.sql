-- Inserts or updates a listing.
INSERT INTO listings (cik, ticker, exchange, position, active, first_seen, etf)
VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6)
ON CONFLICT (cik, ticker) DO UPDATE
SET exchange = excluded.exchange, position = excluded.position, active = 1, last_seen = NULL,
    etf = excluded.etf;
