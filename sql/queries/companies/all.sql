-- Every company on record, to be searched by name.
SELECT cik, name, ticker, exchange, active FROM companies ORDER BY cik;
