-- The pairs among ?1 (a JSON list of [cik, accession]) that are not on record. The JSON list is the
-- outer loop, so each pair costs one look-up however large the tables are.
SELECT wanted.value ->> 0, wanted.value ->> 1
FROM json_each(?1) AS wanted
WHERE NOT EXISTS (
    SELECT 1
    FROM filings AS f
    CROSS JOIN filers AS r ON r.filing = f.id AND r.cik = wanted.value ->> 0
    WHERE f.accession = wanted.value ->> 1
)
ORDER BY wanted.key;
