-- The company that has a ticker now or had it last, and the one that had it before.
SELECT cik, active, last_seen FROM listings
WHERE ticker = ?1
ORDER BY active DESC, last_seen DESC, cik
LIMIT 2;
