-- Where each active listing is known to be.
SELECT cik, ticker, exchange FROM listings WHERE active = 1 AND exchange IS NOT NULL;
