-- The exchange of each active listing.
SELECT cik, ticker, exchange FROM listings WHERE active = 1 AND exchange IS NOT NULL;
