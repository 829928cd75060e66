-- Every ticker on record, former ones included, for a search.
SELECT cik, ticker, active, last_seen FROM listings ORDER BY cik, active DESC, position;
