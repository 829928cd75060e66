-- Which company has a ticker, or had it last, and which one had it before.
SELECT cik, active, last_seen FROM listings
WHERE ticker = ?1
ORDER BY active DESC, last_seen DESC, cik
LIMIT 2;
