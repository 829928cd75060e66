-- Every listing on record, former ones included.
SELECT cik, ticker, exchange, position, active, etf FROM listings;
