-- Where each active listing was known to be.
SELECT cik, ticker, exchange FROM listings WHERE active = 1 AND exchange IS NOT NULL;
