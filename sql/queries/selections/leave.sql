-- Marks companies that are no longer listed on the exchanges ?2 (a JSON list; NULL is all) of a
-- selection.
UPDATE selection_companies
SET left_on = ?3
WHERE selection = ?1 AND left_on IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM companies AS c
        WHERE c.cik = selection_companies.cik AND c.active = 1 AND c.etf = 0
            AND (
                ?2 IS NULL
                OR EXISTS (
                    SELECT 1 FROM listings AS l
                    WHERE l.cik = c.cik AND l.active = 1 AND l.etf = 0
                        AND l.exchange IN (SELECT value FROM json_each(?2))
                )
            )
    );
