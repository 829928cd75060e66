-- v_listings, all or those of the companies in the JSON list ?1.
SELECT cik, ticker, exchange, active, substr(first_seen, 1, 10), substr(last_seen, 1, 10), etf
FROM v_listings
WHERE ?1 IS NULL OR cik IN (SELECT value FROM json_each(?1))
ORDER BY cik, ticker;
