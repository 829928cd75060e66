-- Removes companies from a selection whose SIC code is known and starts with none of ?2 (a JSON
-- list).
DELETE FROM selection_companies
WHERE selection = ?1
    AND EXISTS (
        SELECT 1 FROM companies AS c
        WHERE c.cik = selection_companies.cik AND c.sic IS NOT NULL
            AND NOT EXISTS (
                SELECT 1 FROM json_each(?2) AS code
                WHERE substr(c.sic, 1, length(code.value)) = code.value
            )
    );
