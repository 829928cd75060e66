-- Adds the companies ?2 (a JSON list of CIKs) that are on record to a selection.
INSERT INTO selection_companies (selection, cik)
SELECT ?1, c.cik
FROM json_each(?2) AS named
CROSS JOIN companies AS c ON c.cik = named.value
WHERE true
ON CONFLICT DO NOTHING;
