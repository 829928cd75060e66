-- Removes the companies ?2 (a JSON list of CIKs) from a selection.
DELETE FROM selection_companies
WHERE selection = ?1 AND cik IN (SELECT value FROM json_each(?2));
