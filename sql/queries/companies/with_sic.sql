-- The companies among ?1 (a JSON list) whose SIC code starts with one of ?2 (a JSON list) or is not
-- known yet, in the order of the list.
SELECT c.cik
FROM json_each(?1) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
WHERE c.sic IS NULL
    OR EXISTS (
        SELECT 1 FROM json_each(?2) AS code
        WHERE substr(c.sic, 1, length(code.value)) = code.value
    )
ORDER BY wanted.key;
