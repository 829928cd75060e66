-- Every listing on record, former ones too.
SELECT cik, ticker, exchange, position, active, etf FROM listings;
