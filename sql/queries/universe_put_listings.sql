-- Adds listings, and changes those that moved to another exchange or place.
INSERT INTO listings (cik, ticker, exchange, position)
SELECT cik, ticker, exchange, position FROM temp.incoming_listings WHERE true
ON CONFLICT (cik, ticker) DO UPDATE
SET exchange = excluded.exchange, position = excluded.position, active = 1
WHERE (exchange, position, active) IS NOT (excluded.exchange, excluded.position, 1)
RETURNING cik;
