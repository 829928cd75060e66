-- Every company on record as the list of companies has it.
SELECT cik, name, ticker, exchange, active, etf FROM companies;
