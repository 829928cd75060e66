-- Selection ?2 replaces selection ?1 and takes over the companies that left its exchanges.
INSERT INTO selection_left (selection, cik)
SELECT ?2, cik FROM selection_left WHERE selection = ?1
ON CONFLICT DO NOTHING;
