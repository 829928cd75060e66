-- Which filer's word counts for filing ?1, besides that of its folder ?2: the first one that a
-- selection has, where none has the folder's company any more. NULL is nobody's.
SELECT min(r.cik)
FROM filers AS r
WHERE r.filing = ?1
    AND EXISTS (SELECT 1 FROM selection_companies AS m WHERE m.cik = r.cik)
    AND NOT EXISTS (SELECT 1 FROM selection_companies AS m WHERE m.cik = ?2);
