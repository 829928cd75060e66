-- Filers that were once requested by CIK and are no longer needed: they were never listed, are in no selection,
-- and have no filing on record.
SELECT c.cik
FROM companies AS c
WHERE c.active = 0
    AND NOT EXISTS (SELECT 1 FROM listings AS l WHERE l.cik = c.cik)
    AND NOT EXISTS (SELECT 1 FROM filers AS r WHERE r.cik = c.cik)
    AND NOT EXISTS (SELECT 1 FROM filings AS f WHERE f.folder = c.cik)
    AND NOT EXISTS (SELECT 1 FROM selection_companies AS m WHERE m.cik = c.cik)
    AND NOT EXISTS (SELECT 1 FROM selection_left AS m WHERE m.cik = c.cik);
