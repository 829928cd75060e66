-- Which filer's word counts for filing ?1, besides that of its folder ?2: the first one that is
-- followed, where the folder's company is followed no more. NULL is nobody's.
WITH followed AS (
    SELECT m.cik
    FROM selections AS s
    JOIN selection_companies AS m ON m.selection = s.id
    WHERE s.followed = 1 AND m.cik IN (
        SELECT r.cik FROM filers AS r WHERE r.filing = ?1
        UNION
        SELECT ?2
    )
)
SELECT min(cik) FROM followed WHERE ?2 NOT IN (SELECT cik FROM followed);
