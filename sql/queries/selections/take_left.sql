-- Selection ?2 takes the place of selection ?1: what was wanted of companies that left stays wanted.
INSERT INTO selection_left (selection, cik)
SELECT ?2, cik FROM selection_left WHERE selection = ?1
ON CONFLICT DO NOTHING;
