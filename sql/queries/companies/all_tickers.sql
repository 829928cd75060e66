-- Every ticker on record, former ones too, to be searched.
SELECT cik, ticker, active, last_seen FROM listings ORDER BY cik, active DESC, position;
