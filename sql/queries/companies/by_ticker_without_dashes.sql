-- Listings whose ticker is ?1 without its dashes. Looked for only where nobody has the ticker as written.
SELECT cik, ticker FROM listings WHERE active = 1 AND replace(ticker, '-', '') = ?1 ORDER BY ticker;
