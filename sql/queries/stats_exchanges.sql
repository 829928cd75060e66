-- What we hold by exchange of the primary listing, from the counters that the triggers keep.
SELECT
    nullif(exchange, ''), active, inactive, with_filings, never_checked,
    filings, downloaded, pending, failed, bytes
FROM exchange_counts
WHERE active + inactive > 0
ORDER BY exchange = '', active DESC, exchange;
