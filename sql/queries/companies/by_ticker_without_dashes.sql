-- Active listings whose ticker without dashes is ?1. It scans the table, so it runs only if no
-- listing has the ticker as written.
SELECT cik, ticker FROM listings WHERE active = 1 AND replace(ticker, '-', '') = ?1 ORDER BY ticker;
