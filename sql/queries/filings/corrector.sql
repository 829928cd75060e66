-- The filer, besides the folder's company ?2, whose data may correct filing ?1. That is the
-- followed filer with the lowest CIK if the folder's company is no longer followed; otherwise NULL.
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
