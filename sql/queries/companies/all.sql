-- Every company on record, listed or not.
SELECT cik, name, ticker, exchange, active FROM companies ORDER BY cik;
