-- Every company on record, with the columns that come from the company list.
SELECT cik, name, ticker, exchange, active, etf FROM companies;
