-- One listing of that list. A ticker given twice stays with the first company, the larger one.
INSERT INTO temp.incoming_listings (cik, ticker, exchange, position) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO NOTHING;
