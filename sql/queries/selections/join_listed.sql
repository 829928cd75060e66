-- Adds the companies listed on the exchanges ?2 (a JSON list; NULL is all) to a selection. A
-- company that returns keeps its `checked_at`.
INSERT INTO selection_companies (selection, cik)
SELECT ?1, c.cik
FROM companies AS c
WHERE c.active = 1 AND c.etf = 0
    AND (
        ?2 IS NULL
        OR EXISTS (
            SELECT 1 FROM listings AS l
            WHERE l.cik = c.cik AND l.active = 1 AND l.etf = 0 AND l.exchange IN (SELECT value FROM json_each(?2))
        )
    )
ON CONFLICT (selection, cik) DO UPDATE SET left_on = NULL WHERE left_on IS NOT NULL;
