-- One company of the list that is about to replace the universe. The first mention counts.
INSERT INTO temp.incoming_companies (cik, name, ticker, exchange) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO NOTHING;
